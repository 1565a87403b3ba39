//! End-to-end tests over sockets.
