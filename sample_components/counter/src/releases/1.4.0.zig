//! A good release again.
pub const with_statistics = true;
pub const with_reset = true;
pub const healthy = true;
pub const description = "Counts, keeps the count across reloads, keeps statistics, and is well again.";
