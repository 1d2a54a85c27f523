//! What came out at the end.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const mail = airssys.mail;

comptime {
    airssys.exportLifecycle(@This());
    mail.exportMessageHandler(@This());
    abi.exportAs("gathered", gathered);
}

const most = 16;
var lines: [most][80]u8 = undefined;
var lengths: [most]usize = undefined;
var count: usize = 0;

pub fn init(_: airssys.Config) ?airssys.Error {
    const reason = mail.subscribe("loud.#") orelse return null;
    return airssys.failure(.unavailable, reason.text.slice());
}

pub fn shutdown() ?airssys.Error {
    return null;
}

pub fn onMessage(message: *const mail.Message) mail.Handled {
    const topic = if (message.topic.get()) |name| name.slice() else return .{ .ok = null };
    const line = std.fmt.bufPrint(&lines[count % most], "{s} {s}", .{ topic, message.body.text.slice() }) catch
        return .{ .err = airssys.failure(.invalid_input, "topic and word have 79 bytes at most") };
    lengths[count % most] = line.len;
    count += 1;
    return .{ .ok = null };
}

fn gathered() callconv(.c) *const abi.List(abi.String) {
    const found = abi.items(abi.String, @min(count, most));
    for (found, count - found.len..) |*one, number|
        one.* = abi.String.of(lines[number % most][0..lengths[number % most]]);
    return abi.keep(abi.List(abi.String).of(found));
}
