//! A breaking release: `reset` is gone, so it is refused while callers of the older ones may depend on it.
pub const with_statistics = true;
pub const with_reset = false;
pub const healthy = true;
pub const description = "Counts, and cannot be reset.";
