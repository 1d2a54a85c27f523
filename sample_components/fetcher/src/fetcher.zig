//! Fetches one page from a web server. The host decides whether it may; what is here asks, reads the answer piece by piece
//! and says what came, or why nothing came.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const web = airssys.web;
const String = abi.String;

comptime {
    airssys.exportLifecycle(@This());
    airssys.exportMetadata(@This());
    abi.exportAs("fetch", fetch);
    abi.exportAs("fetched", fetched);
}

const Page = extern struct { status: u16, bytes: u64, beginning: String };
const Fetched = abi.Result(Page, String);

const longest_url = 400;
const piece = 16 * 1024;
const most_shown = 400;
const most_read = 4 * 1024 * 1024;
const patience_ms = 5_000;

var url_of_mine: [longest_url]u8 = undefined;
var url: []const u8 = "";
var pages: u64 = 0;

pub fn init(_: airssys.Config) ?airssys.Error {
    const json = airssys.host.config("url") orelse return airssys.failure(.invalid_config, "url is missing");
    const plain = json.len > 2 and json[0] == '"' and std.mem.indexOfScalar(u8, json, '\\') == null;
    if (!plain or json.len - 2 > longest_url)
        return airssys.failure(.invalid_config, "url must be a text of 1 to 400 bytes without escapes");
    url = url_of_mine[0 .. json.len - 2];
    @memcpy(url_of_mine[0..url.len], json[1 .. json.len - 1]);
    return null;
}

pub fn shutdown() ?airssys.Error {
    return null;
}

pub fn describe() airssys.Metadata {
    return .{ .title = "Fetcher", .description = "Fetches a page, if the operator lets it." };
}

fn fetch() callconv(.c) *const Fetched {
    const page = read() catch {
        airssys.host.log(.warn, "not fetched", &.{airssys.host.field("why", web.refusal())});
        return abi.keep(Fetched.err(String.of(web.refusal())));
    };
    pages += 1;
    airssys.host.count("pages", 1);
    airssys.host.log(.info, "fetched", &.{airssys.host.field("bytes", abi.print("{d}", .{page.bytes}))});
    return abi.keep(Fetched.ok(page));
}

fn read() error{Refused}!Page {
    const answer = try web.get(url, patience_ms);
    defer answer.drop();
    var bytes: u64 = 0;
    var beginning: []const u8 = "";
    while (bytes < most_read) {
        const part = try answer.read(piece);
        if (part.len == 0) break;
        if (bytes == 0) beginning = part[0..@min(part.len, most_shown)];
        bytes += part.len;
    }
    return .{ .status = answer.status, .bytes = bytes, .beginning = String.of(text(beginning)) };
}

/// As much of it as is text.
fn text(data: []const u8) []const u8 {
    var end = data.len;
    while (end > 0 and !std.unicode.utf8ValidateSlice(data[0..end])) end -= 1;
    return data[0..end];
}

fn fetched() callconv(.c) u64 {
    return pages;
}
