//! Sans-IO FIX 4.4 session engine.
