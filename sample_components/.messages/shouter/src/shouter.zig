//! Words into loud words.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const mail = airssys.mail;

comptime {
    airssys.exportLifecycle(@This());
    mail.exportMessageHandler(@This());
}

pub fn init(_: airssys.Config) ?airssys.Error {
    const reason = mail.subscribe("words.*.*") orelse return null;
    return airssys.failure(.unavailable, reason.text.slice());
}

pub fn shutdown() ?airssys.Error {
    return null;
}

pub fn onMessage(message: *const mail.Message) mail.Handled {
    const topic = if (message.topic.get()) |name| name.slice() else return .{ .ok = null };
    const word = message.body.text.slice();
    const loud = std.ascii.upperString(abi.items(u8, word.len), word);
    const to = abi.print("loud.{s}", .{topic["words.".len..]});
    switch (mail.publish(to, loud)) {
        .takers => {},
        .err => |reason| airssys.host.log(.warn, "not published", &.{airssys.host.field("reason", reason.text.slice())}),
    }
    return .{ .ok = null };
}
