//! Words into loud words.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;

comptime {
    airssys.mail.exportListener(@This());
}

pub const pattern = "words.*.*";

pub fn onPublished(topic: []const u8, word: []const u8) ?airssys.Error {
    const loud = std.ascii.upperString(abi.items(u8, word.len), word);
    airssys.mail.publishOrWarn(abi.print("loud.{s}", .{topic["words.".len..]}), loud);
    return null;
}
