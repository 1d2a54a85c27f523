//! `airssys:core-host/timers` and `airssys:core-component/timer-handler` in Zig.

const abi = @import("abi.zig");
const airssys = @import("airssys.zig");

/// A timer that is set.
pub const Timer = extern struct { name: abi.String, due_in: u64, period: abi.Option(u64) };

const Made = abi.Result(abi.Nothing, airssys.Error);

const imports = struct {
    extern "airssys:core-host/timers@1.0.0" fn set(
        name: [*]const u8,
        len: usize,
        after_ms: u64,
        has_period: u32,
        period_ms: u64,
        result: *Made,
    ) void;
    extern "airssys:core-host/timers@1.0.0" fn cancel([*]const u8, usize) u32;
    extern "airssys:core-host/timers@1.0.0" fn @"list-timers"(*abi.List(Timer)) void;
};

/// Set a timer, in place of the one with the same name; null when that is done.
pub fn set(name: []const u8, after_ms: u64, period_ms: ?u64) ?airssys.Error {
    var answer: Made = undefined;
    imports.set(name.ptr, name.len, after_ms, @intFromBool(period_ms != null), period_ms orelse 0, &answer);
    return if (answer.is_err) answer.value.err else null;
}

/// Forget a timer; says whether it was set.
pub fn cancel(name: []const u8) bool {
    return imports.cancel(name.ptr, name.len) != 0;
}

/// The timers that are set, by name. They live until the call is over.
pub fn list() []const Timer {
    var answer: abi.List(Timer) = undefined;
    imports.@"list-timers"(&answer);
    return answer.slice();
}

/// Export `timer-handler`: `onTimer(name)` of `component`.
pub fn exportHandler(comptime component: type) void {
    const adapter = struct {
        fn onTimer(name: [*]const u8, len: usize) callconv(.c) void {
            component.onTimer(name[0..len]);
        }
    };
    abi.exportAs("airssys:core-component/timer-handler@1.0.0#on-timer", adapter.onTimer);
}
