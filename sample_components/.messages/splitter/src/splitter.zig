//! Words out of text. It knows its topics, not who listens.

const std = @import("std");
const airssys = @import("airssys");

comptime {
    airssys.mail.exportListener(@This());
}

pub const pattern = "text.*";

pub fn onPublished(topic: []const u8, text: []const u8) ?airssys.Error {
    var words = std.mem.tokenizeAny(u8, text, " \t\n");
    while (words.next()) |word|
        airssys.mail.publishOrWarn(airssys.abi.print("words.{s}.{d}", .{ topic["text.".len..], word.len }), word);
    return null;
}
