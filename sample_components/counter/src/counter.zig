//! A counter that outlives its own code: reload, roll back or restart it, and it goes on counting.
//!
//! One source for all its releases; `release` is one of the files in `releases/`.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const release = @import("release");

const State = struct {
    count: u64 = 0,
    operations: u64 = 0,
    largest_step: u64 = 0,
};

var state: State = .{};

comptime {
    airssys.exportLifecycle(@This());
    airssys.exportExecution(@This());
    airssys.exportMetadata(@This());
    airssys.exportHealth(@This());
    airssys.exportState(@This());
    abi.exportAs("increment", increment);
    abi.exportAs("get", get);
    if (release.with_reset) abi.exportAs("reset", reset);
    if (release.with_statistics) abi.exportAs("stats", stats);
}

// The world's own functions.

fn increment(by: u64) callconv(.c) u64 {
    state.count +|= by;
    state.operations +|= 1;
    state.largest_step = @max(state.largest_step, by);
    return state.count;
}

fn get() callconv(.c) u64 {
    return state.count;
}

fn reset() callconv(.c) void {
    state.count = 0;
    state.operations +|= 1;
}

/// `totals`: a record of the world.
const Totals = extern struct { count: u64, operations: u64, largest_step: u64 };

fn stats() callconv(.c) *const Totals {
    return abi.keep(Totals{
        .count = state.count,
        .operations = state.operations,
        .largest_step = state.largest_step,
    });
}

// lifecycle

pub fn init(config: airssys.Config) ?airssys.Error {
    airssys.host.log(.info, "counter is ready", &.{airssys.host.field("component", config.name)});
    return null;
}

pub fn shutdown() ?airssys.Error {
    return null;
}

// execution: the same functions, by name. Input and output are decimal numbers as text.

pub fn execute(operation: []const u8, input: airssys.Payload) airssys.Executed {
    if (std.mem.eql(u8, operation, "increment")) {
        const by = if (input.text.len == 0) 1 else number(input.text.slice()) orelse
            return airssys.refused(.invalid_input, "increment takes a number from 0 to 2^64-1, or nothing for 1");
        return .{ .ok = decimal(increment(by)) };
    }
    if (std.mem.eql(u8, operation, "get")) return .{ .ok = decimal(get()) };
    if (release.with_reset and std.mem.eql(u8, operation, "reset")) {
        reset();
        return .{ .ok = decimal(0) };
    }
    return airssys.refused(.unknown_operation, operation);
}

fn decimal(value: u64) airssys.Payload {
    return airssys.text(abi.print("{d}", .{value}));
}

fn number(digits: []const u8) ?u64 {
    return std.fmt.parseUnsigned(u64, digits, 10) catch null;
}

// metadata

const operations = [_]airssys.Operation{
    airssys.operation("increment", "Adds a number, or 1, and gives the new count.", false),
    airssys.operation("get", "Gives the count.", true),
    airssys.operation("reset", "Starts again at 0.", true),
};

pub fn describe() airssys.Metadata {
    return .{
        .title = "Counter",
        .description = release.description,
        .operations = operations[0..if (release.with_reset) 3 else 2],
    };
}

// health

pub fn check() airssys.Health {
    if (!release.healthy) return .{ .status = .unhealthy, .message = "negative count" };
    return .{ .status = .healthy };
}

// state: `count=41;operations=7;largest-step=5;`. Fields that are not known are skipped and missing ones start at zero,
// so every release reads what any other has written.

pub const schema_name = "counter/1";

pub fn save() airssys.Payload {
    if (!release.with_statistics) return airssys.text(abi.print("count={d};", .{state.count}));
    return airssys.text(abi.print(
        "count={d};operations={d};largest-step={d};",
        .{ state.count, state.operations, state.largest_step },
    ));
}

pub fn load(saved: airssys.Payload, _: airssys.Version) ?airssys.Error {
    var next: State = .{};
    var found_count = false;
    var fields = std.mem.splitScalar(u8, saved.text.slice(), ';');
    while (fields.next()) |field| {
        const equals = std.mem.indexOfScalar(u8, field, '=') orelse continue;
        const key = field[0..equals];
        const place: *u64 = if (std.mem.eql(u8, key, "count"))
            &next.count
        else if (std.mem.eql(u8, key, "operations"))
            &next.operations
        else if (std.mem.eql(u8, key, "largest-step"))
            &next.largest_step
        else
            continue;
        place.* = number(field[equals + 1 ..]) orelse
            return airssys.failure(.invalid_state, abi.print("{s} is not a number", .{key}));
        if (place == &next.count) found_count = true;
    }
    if (!found_count) return airssys.failure(.invalid_state, "the saved state has no count");
    state = next;
    return null;
}
