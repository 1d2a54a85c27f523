//! A bad release: its health probe fails, so it never gets to serve.
pub const with_statistics = true;
pub const with_reset = true;
pub const healthy = false;
pub const description = "Counts, and believes that the count is negative.";
