//! Words out of text. It knows its topics, not who listens.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const mail = airssys.mail;

comptime {
    airssys.exportLifecycle(@This());
    mail.exportMessageHandler(@This());
}

pub fn init(_: airssys.Config) ?airssys.Error {
    const reason = mail.subscribe("text.*") orelse return null;
    return airssys.failure(.unavailable, reason.text.slice());
}

pub fn shutdown() ?airssys.Error {
    return null;
}

pub fn onMessage(message: *const mail.Message) mail.Handled {
    const topic = if (message.topic.get()) |name| name.slice() else return .{ .ok = null };
    var words = std.mem.tokenizeAny(u8, message.body.text.slice(), " \t\n");
    while (words.next()) |word| {
        const to = abi.print("words.{s}.{d}", .{ topic["text.".len..], word.len });
        switch (mail.publish(to, word)) {
            .takers => {},
            .err => |reason| airssys.host.log(.warn, "not published", &.{airssys.host.field("reason", reason.text.slice())}),
        }
    }
    return .{ .ok = null };
}
