//! FIX gateway driver.
