//! Shows the ends of text files. What it needs is declared in its manifest and granted by the operator; until then every
//! call comes back as `denied`, with the command that would allow it.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const String = abi.String;

comptime {
    airssys.exportLifecycle(@This());
    abi.exportAs("airssys:file-tail/tail@1.0.0#last", last);
    abi.exportAs("airssys:file-tail/tail@1.0.0#follow", follow);
}

/// Bytes that are looked at.
const window = 64 * 1024;
const most_lines = 1_000;

/// `airssys:core-types/errors.file-error`, which is handed on as it came.
const FileError = abi.Tagged(enum(u8) {
    denied,
    not_found,
    already_exists,
    not_a_directory,
    is_a_directory,
    not_empty,
    invalid_path,
    invalid_input,
    too_large,
    quota_exceeded,
    closed,
    failed,
});
const Lines = abi.Result(abi.List(String), FileError);

/// `airssys:ext-filesystem/files`, as much of it as is used here.
const files = struct {
    const read_only: u32 = 1;
    const from_start: u32 = 0;

    const imports = struct {
        extern "airssys:ext-filesystem/files@1.0.0" fn @"[static]file.open"([*]const u8, usize, u32, *abi.Result(u32, FileError)) void;
        extern "airssys:ext-filesystem/files@1.0.0" fn @"[method]file.read"(u32, u32, *abi.Result(String, FileError)) void;
        extern "airssys:ext-filesystem/files@1.0.0" fn @"[method]file.seek"(u32, i64, u32, *abi.Result(u64, FileError)) void;
        extern "airssys:ext-filesystem/files@1.0.0" fn @"[method]file.size"(u32, *abi.Result(u64, FileError)) void;
        extern "airssys:ext-filesystem/files@1.0.0" fn @"[resource-drop]file"(u32) void;
    };

    fn open(path: []const u8) abi.Result(u32, FileError) {
        var opened: abi.Result(u32, FileError) = undefined;
        imports.@"[static]file.open"(path.ptr, path.len, read_only, &opened);
        return opened;
    }

    fn size(file: u32) abi.Result(u64, FileError) {
        var found: abi.Result(u64, FileError) = undefined;
        imports.@"[method]file.size"(file, &found);
        return found;
    }

    /// Read what there is from a position on, at most `window` bytes.
    fn readFrom(file: u32, position: u64) abi.Result(String, FileError) {
        var went: abi.Result(u64, FileError) = undefined;
        imports.@"[method]file.seek"(file, @intCast(position), from_start, &went);
        if (went.is_err) return .err(went.value.err);
        var got: abi.Result(String, FileError) = undefined;
        imports.@"[method]file.read"(file, window, &got);
        return got;
    }

    fn close(file: u32) void {
        imports.@"[resource-drop]file"(file);
    }
};

fn last(path: [*]const u8, len: usize, lines: u32) callconv(.c) *const Lines {
    const opened = files.open(path[0..len]);
    if (opened.is_err) return failed(opened.value.err);
    const file = opened.value.ok;
    defer files.close(file);
    const size = files.size(file);
    if (size.is_err) return failed(size.value.err);
    const start = size.value.ok -| window;
    const got = files.readFrom(file, start);
    if (got.is_err) return failed(got.value.err);
    var text = got.value.ok.slice();
    // From the middle of a file, the first line is a part of one.
    if (start > 0) text = if (std.mem.indexOfScalar(u8, text, '\n')) |end| text[end + 1 ..] else text;
    return answer(text, @min(lines, most_lines));
}

/// The file that is followed. Its handle belongs to this component, so it lives until it is dropped.
var followed: ?struct { file: u32, position: u64, path: [4096]u8, len: usize } = null;

fn follow(path: [*]const u8, len: usize) callconv(.c) *const Lines {
    if (followed) |*now| {
        if (std.mem.eql(u8, now.path[0..now.len], path[0..len])) return news(now);
    }
    const opened = files.open(path[0..len]);
    if (opened.is_err) return failed(opened.value.err);
    const file = opened.value.ok;
    const size = files.size(file);
    if (size.is_err) {
        files.close(file);
        return failed(size.value.err);
    }
    if (followed) |before| files.close(before.file);
    followed = .{ .file = file, .position = size.value.ok, .path = undefined, .len = len };
    @memcpy(followed.?.path[0..len], path[0..len]);
    return answer("", 0);
}

/// The whole lines after the position, which moves behind them.
fn news(now: anytype) *const Lines {
    const size = files.size(now.file);
    if (size.is_err) return failed(size.value.err);
    if (size.value.ok < now.position) now.position = 0;
    const got = files.readFrom(now.file, now.position);
    if (got.is_err) return failed(got.value.err);
    const text = got.value.ok.slice();
    const whole = if (std.mem.lastIndexOfScalar(u8, text, '\n')) |end| end + 1 else if (text.len == window) text.len else 0;
    now.position += whole;
    return answer(text[0..whole], most_lines);
}

/// The last lines of a text.
fn answer(text: []const u8, most: u32) *const Lines {
    if (text.len == 0 or most == 0) return abi.keep(Lines.ok(.of(&.{})));
    const body = if (text[text.len - 1] == '\n') text[0 .. text.len - 1] else text;
    const total = std.mem.count(u8, body, "\n") + 1;
    const lines = abi.items(String, @min(total, most));
    var left = std.mem.splitScalar(u8, body, '\n');
    for (lines.len..total) |_| _ = left.next();
    for (lines) |*line| line.* = .of(readable(left.next().?));
    return abi.keep(Lines.ok(.of(lines)));
}

/// A line as valid text.
fn readable(line: []const u8) []const u8 {
    if (std.unicode.utf8ValidateSlice(line)) return line;
    const copy = abi.items(u8, line.len);
    for (copy, line) |*to, from| to.* = if (from < 0x80) from else '?';
    return copy;
}

fn failed(reason: FileError) *const Lines {
    return abi.keep(Lines.err(reason));
}

// lifecycle

pub fn init(_: airssys.Config) ?airssys.Error {
    return null;
}

pub fn shutdown() ?airssys.Error {
    if (followed) |now| files.close(now.file);
    followed = null;
    return null;
}
