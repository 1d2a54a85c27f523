//! Counts operations as well, and takes the state of 1.0.0 over.
pub const with_statistics = true;
pub const with_reset = true;
pub const healthy = true;
pub const description = "Counts, keeps the count across reloads, and keeps statistics.";
