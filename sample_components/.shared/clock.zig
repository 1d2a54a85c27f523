//! `airssys:core-host/clock` in Zig.

const abi = @import("abi.zig");
const airssys = @import("airssys.zig");

/// `airssys:core-types/time.timestamp`.
pub const Timestamp = extern struct { seconds: u64, nanoseconds: u32 };

const Slept = abi.Result(abi.Nothing, airssys.Error);

const imports = struct {
    extern "airssys:core-host/clock@1.0.0" fn now(*Timestamp) void;
    extern "airssys:core-host/clock@1.0.0" fn @"monotonic-ns"() u64;
    extern "airssys:core-host/clock@1.0.0" fn @"sleep-ms"(u32, *Slept) void;
};

/// The time of day.
pub fn now() Timestamp {
    var time: Timestamp = undefined;
    imports.now(&time);
    return time;
}

/// Nanoseconds since some fixed moment; never goes back.
pub fn monotonic() u64 {
    return imports.@"monotonic-ns"();
}

/// Let time pass; null when all of it did.
pub fn sleep(ms: u32) ?airssys.Error {
    var answer: Slept = undefined;
    imports.@"sleep-ms"(ms, &answer);
    return if (answer.is_err) answer.value.err else null;
}
