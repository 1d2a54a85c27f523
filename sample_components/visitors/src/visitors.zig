//! Counts requests over HTTP, and shows the count as a page. Reload it, roll it back or restart it: no request is lost,
//! and it goes on counting.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const serving = airssys.serving;

var count: u64 = 0;

comptime {
    airssys.exportLifecycle(@This());
    airssys.exportHealth(@This());
    airssys.exportState(@This());
    serving.exportIncomingHandler(@This());
}

pub fn answer(path: []const u8) serving.Response {
    const plain = path[0 .. std.mem.indexOfScalar(u8, path, '?') orelse path.len];
    if (std.mem.eql(u8, plain, "/visits/count")) return .{ .body = abi.print("{d}\n", .{count}) };
    if (!std.mem.eql(u8, plain, "/visits")) return .{ .status = 404, .body = "there is /visits and /visits/count\n" };
    count +|= 1;
    return .{ .content_type = "text/html; charset=utf-8", .body = abi.print(page, .{count}) };
}

const page =
    \\<!doctype html>
    \\<html lang="en"><meta charset="utf-8"><title>Visits</title>
    \\<h1>Visit {d}</h1>
    \\<p>Reload this page, or the component: it goes on counting.</p>
    \\</html>
    \\
;

// lifecycle

pub fn init(_: airssys.Config) ?airssys.Error {
    return null;
}

pub fn shutdown() ?airssys.Error {
    return null;
}

// health

pub fn check() airssys.Health {
    return .{ .status = .healthy };
}

// state: the count as decimal text

pub const schema_name = "visitors/1";

pub fn save() airssys.Payload {
    return airssys.text(abi.print("{d}", .{count}));
}

pub fn load(saved: airssys.Payload, _: airssys.Version) ?airssys.Error {
    count = std.fmt.parseUnsigned(u64, saved.text.slice(), 10) catch
        return airssys.failure(.invalid_state, "the saved state is not a number");
    return null;
}
