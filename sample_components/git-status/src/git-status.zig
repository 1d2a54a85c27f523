//! Shows what changed in a working copy. It runs `git`, which its manifest declares and the operator has to grant; until
//! then a call comes back as `denied`, with the command that would allow it.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const processes = airssys.processes;
const String = abi.String;

comptime {
    airssys.exportLifecycle(@This());
    abi.exportAs("airssys:git-status/status@1.0.0#look", look);
}

const most_output = 512 * 1024;
const most_changes = 1_000;

const Change = extern struct { code: String, path: String };
const WorkingCopy = extern struct { branch: String, changes: abi.List(Change) };
const Answer = abi.Result(WorkingCopy, processes.Failure);

/// The arguments never come from the caller; a directory is not one of them. So nobody makes git run something else.
const arguments = [_]String{
    String.of("--no-optional-locks"), String.of("status"), String.of("--porcelain=v1"),
    String.of("--branch"),            String.of("--no-renames"),
};

/// All that git finds in its environment: no configuration but that of the working copy.
const environment = [_]abi.Pair{
    .{ .key = String.of("GIT_CONFIG_NOSYSTEM"), .value = String.of("1") },
    .{ .key = String.of("GIT_CONFIG_GLOBAL"), .value = String.of("/dev/null") },
    .{ .key = String.of("LC_ALL"), .value = String.of("C.UTF-8") },
};

fn look(directory: [*]const u8, len: usize) callconv(.c) *const Answer {
    const outcome = processes.run(.{
        .program = "git",
        .arguments = &arguments,
        .environment = &environment,
        .directory = directory[0..len],
    }, most_output);
    switch (outcome) {
        .err => |failure| return abi.keep(Answer.err(failure)),
        .ended => |ended| {
            if (ended.code != 0) return failed(ended.errors);
            return abi.keep(Answer.ok(parse(ended.output)));
        },
    }
}

/// Read `## BRANCH...UPSTREAM` and lines of two characters, a space and a path.
fn parse(output: []const u8) WorkingCopy {
    var branch: []const u8 = "";
    const changes = abi.items(Change, @min(most_changes, std.mem.count(u8, output, "\n")));
    var count: usize = 0;
    var lines = std.mem.splitScalar(u8, output, '\n');
    while (lines.next()) |line| {
        if (std.mem.startsWith(u8, line, "## ")) {
            branch = branchOf(line[3..]);
        } else if (line.len > 3 and count < changes.len) {
            changes[count] = .{ .code = String.of(readable(line[0..2])), .path = String.of(readable(line[3..])) };
            count += 1;
        }
    }
    return .{ .branch = String.of(readable(branch)), .changes = .of(changes[0..count]) };
}

fn branchOf(text: []const u8) []const u8 {
    if (std.mem.startsWith(u8, text, "HEAD (no branch)")) return "(detached)";
    const unborn = "No commits yet on ";
    const named = if (std.mem.startsWith(u8, text, unborn)) text[unborn.len..] else text;
    const end = std.mem.indexOf(u8, named, "...") orelse named.len;
    return named[0..end];
}

fn failed(text: []const u8) *const Answer {
    const trimmed = std.mem.trimEnd(u8, text, "\n");
    return abi.keep(Answer.err(.{ .case = .failed, .text = String.of(readable(trimmed)) }));
}

/// A text as valid UTF-8.
fn readable(text: []const u8) []const u8 {
    if (std.unicode.utf8ValidateSlice(text)) return text;
    const copy = abi.items(u8, text.len);
    for (copy, text) |*to, from| to.* = if (from < 0x80) from else '?';
    return copy;
}

// lifecycle

pub fn init(_: airssys.Config) ?airssys.Error {
    return null;
}

pub fn shutdown() ?airssys.Error {
    return null;
}
