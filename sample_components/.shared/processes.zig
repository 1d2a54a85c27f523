//! `airssys:ext-process/processes` in Zig: running a program to its end. What is read lives until the call is over.

const abi = @import("abi.zig");

/// `airssys:core-types/errors.process-error`.
pub const Failure = abi.Tagged(enum(u8) { denied, not_found, invalid_input, exited, timeout, quota_exceeded, failed });

const Spawned = abi.Result(u32, Failure);
const Gotten = abi.Result(abi.String, Failure);
const Taken = abi.Result(u32, Failure);
const Exit = extern struct { case: enum(u8) { code, signal, timed_out }, number: u8 };
const Waited = abi.Result(abi.Option(Exit), Failure);

const imports = struct {
    extern "airssys:ext-process/processes@1.0.0" fn @"[static]process.spawn"(
        program: [*]const u8,
        program_len: usize,
        arguments: [*]const abi.String,
        arguments_len: usize,
        environment: [*]const abi.Pair,
        environment_len: usize,
        has_directory: u32,
        directory: [*]const u8,
        directory_len: usize,
        has_timeout: u32,
        timeout: u64,
        output: u32,
        result: *Spawned,
    ) void;
    extern "airssys:ext-process/processes@1.0.0" fn @"[method]process.wait"(u32, u64, *Waited) void;
    extern "airssys:ext-process/processes@1.0.0" fn @"[method]process.read-stdout"(u32, u32, *Gotten) void;
    extern "airssys:ext-process/processes@1.0.0" fn @"[method]process.read-stderr"(u32, u32, *Gotten) void;
    extern "airssys:ext-process/processes@1.0.0" fn @"[method]process.write-stdin"(u32, [*]const u8, usize, *Taken) void;
    extern "airssys:ext-process/processes@1.0.0" fn @"[resource-drop]process"(u32) void;
};

/// What is to be run.
pub const Command = struct {
    program: []const u8,
    arguments: []const abi.String = &.{},
    environment: []const abi.Pair = &.{},
    /// An absolute path; null for an empty directory of its own.
    directory: ?[]const u8 = null,
    /// Milliseconds.
    timeout: u64 = 5_000,
};

/// What came of it.
pub const Outcome = union(enum) {
    err: Failure,
    ended: struct {
        /// The exit code; 255 for a program that was ended.
        code: u8,
        output: []const u8,
        errors: []const u8,
    },
};

/// Run a program without input to its end, and keep at most `most` bytes of its output.
pub fn run(command: Command, most: u32) Outcome {
    const directory = command.directory orelse "";
    var spawned: Spawned = undefined;
    imports.@"[static]process.spawn"(
        command.program.ptr,
        command.program.len,
        command.arguments.ptr,
        command.arguments.len,
        command.environment.ptr,
        command.environment.len,
        @intFromBool(command.directory != null),
        directory.ptr,
        directory.len,
        1,
        command.timeout,
        1,
        &spawned,
    );
    if (spawned.is_err) return .{ .err = spawned.value.err };
    const process = spawned.value.ok;
    defer imports.@"[resource-drop]process"(process);
    var taken: Taken = undefined;
    imports.@"[method]process.write-stdin"(process, "", 0, &taken);
    if (taken.is_err) return .{ .err = taken.value.err };
    const output = read(imports.@"[method]process.read-stdout", process, most) catch return .{ .err = why };
    const errors = read(imports.@"[method]process.read-stderr", process, 4096) catch return .{ .err = why };
    var waited: Waited = undefined;
    imports.@"[method]process.wait"(process, command.timeout, &waited);
    if (waited.is_err) return .{ .err = waited.value.err };
    const exit = waited.value.ok.get() orelse return .{ .ended = .{ .code = 255, .output = output, .errors = errors } };
    const code = if (exit.case == .code) exit.number else 255;
    return .{ .ended = .{ .code = code, .output = output, .errors = errors } };
}

var why: Failure = undefined;

/// Read a stream to its end, or until there is more than is kept.
fn read(from: anytype, process: u32, most: u32) error{Refused}![]const u8 {
    const room = abi.items(u8, most);
    var len: usize = 0;
    while (len < most) {
        var got: Gotten = undefined;
        from(process, @intCast(most - len), &got);
        if (got.is_err) {
            why = got.value.err;
            return error.Refused;
        }
        const piece = got.value.ok.slice();
        if (piece.len == 0) break;
        @memcpy(room[len..][0..piece.len], piece);
        len += piece.len;
    }
    return room[0..len];
}
