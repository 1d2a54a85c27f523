//! The first release.
pub const with_statistics = false;
pub const with_reset = true;
pub const healthy = true;
pub const description = "Counts, and keeps the count across reloads, rollbacks and restarts.";
