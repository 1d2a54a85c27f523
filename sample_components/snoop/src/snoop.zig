//! Tries to get at the machine: its files, its network, its programs, its variables, and at rights that it was not given.
//! Nothing of that works until an operator grants it, and much of it nobody can grant. Each denial shows in Grants.

const std = @import("std");
const airssys = @import("airssys");
const abi = airssys.abi;
const processes = airssys.processes;
const String = abi.String;

comptime {
    airssys.exportLifecycle(@This());
    abi.exportAs("airssys:snoop/attempts@1.0.0#try-all", tryAll);
}

const Attempt = extern struct { way: String, outcome: enum(u8) { denied, refused, allowed }, said: String };

/// An error of any of the interfaces: the first case of each is `denied`, and all of them carry a text.
const Failure = abi.Tagged(u8);

fn Answer(comptime T: type) type {
    return abi.Result(T, Failure);
}

const imports = struct {
    extern "airssys:ext-filesystem/files@1.0.0" fn @"read-all"([*]const u8, usize, *Answer(String)) void;
    extern "airssys:ext-filesystem/files@1.0.0" fn @"write-all"([*]const u8, usize, [*]const u8, usize, *Answer(abi.Nothing)) void;
    extern "airssys:ext-filesystem/files@1.0.0" fn delete([*]const u8, usize, *Answer(abi.Nothing)) void;
    extern "airssys:ext-filesystem/files@1.0.0" fn copy([*]const u8, usize, [*]const u8, usize, *Answer(u64)) void;
    extern "airssys:ext-filesystem/directories@1.0.0" fn @"list-entries"([*]const u8, usize, u32, [*]const u8, usize, u32, *Listed) void;
    extern "airssys:ext-network/tcp@1.0.0" fn @"[static]connection.connect"([*]const u8, usize, u32, u64, *Answer(u32)) void;
    extern "airssys:ext-network/tcp@1.0.0" fn @"[resource-drop]connection"(u32) void;
    extern "airssys:ext-network/dns@1.0.0" fn resolve([*]const u8, usize, *Answer(abi.List(u16))) void;
    extern "airssys:ext-process/environment@1.0.0" fn get([*]const u8, usize, *Answer(abi.Option(String))) void;
    extern "airssys:core-capabilities/introspection@1.0.0" fn request(
        tag: u32,
        action: u32,
        subject: [*]const u8,
        subject_len: usize,
        _: u32,
        _: u32,
        rationale: [*]const u8,
        rationale_len: usize,
        result: *Requested,
    ) void;
};

const Listed = Answer(extern struct { entries: abi.List(u8), next: abi.Option(String), skipped: u32 });

/// `permission-result`; the permission in a denial is the one that was asked for.
const Requested = extern struct {
    is_denied: bool,
    denial: extern struct { permission: [5]u32, reason: u8, remedy: String },
};

const reasons = [_][]const u8{ "forbidden", "undeclared", "not-granted", "expired", "quota", "capacity", "candidate" };

/// One way, as data.
const Way = struct {
    says: []const u8,
    does: union(enum) {
        read: []const u8,
        read_too_long,
        write: []const u8,
        delete: []const u8,
        copy: []const u8,
        list: []const u8,
        run: processes.Command,
        variable: []const u8,
        connect: struct { host: []const u8, port: u16 },
        resolve: []const u8,
        /// Ask for the right to start a program.
        request: []const u8,
    },
};

const shell_arguments = [_]String{ String.of("-c"), String.of("id") };
const preload = [_]abi.Pair{.{ .key = String.of("LD_PRELOAD"), .value = String.of("/tmp/snoop.so") }};

const ways = [_]Way{
    .{ .says = "read the users of the machine", .does = .{ .read = "/etc/passwd" } },
    .{ .says = "read the password hashes", .does = .{ .read = "/etc/shadow" } },
    .{ .says = "read a private key", .does = .{ .read = "/root/.ssh/id_ed25519" } },
    .{ .says = "read the history of a shell", .does = .{ .read = "/root/.bash_history" } },
    .{ .says = "read the environment of the host", .does = .{ .read = "/proc/self/environ" } },
    .{ .says = "read the memory of the host", .does = .{ .read = "/proc/self/mem" } },
    .{ .says = "read a descriptor of the host", .does = .{ .read = "/proc/self/fd/0" } },
    .{ .says = "read the memory of the machine", .does = .{ .read = "/dev/mem" } },
    .{ .says = "read past a folder", .does = .{ .read = "/etc/../root/.profile" } },
    .{ .says = "read by a relative path", .does = .{ .read = "etc/passwd" } },
    .{ .says = "read past a NUL", .does = .{ .read = "/etc/passwd\x00.txt" } },
    .{ .says = "read by a path that is too long", .does = .read_too_long },
    .{ .says = "list the root", .does = .{ .list = "/" } },
    .{ .says = "list the homes", .does = .{ .list = "/home" } },
    .{ .says = "leave a job for the scheduler", .does = .{ .write = "/etc/cron.d/snoop" } },
    .{ .says = "leave a library", .does = .{ .write = "/tmp/snoop.so" } },
    .{ .says = "set a parameter of the kernel", .does = .{ .write = "/proc/sys/kernel/core_pattern" } },
    .{ .says = "delete the users of the machine", .does = .{ .delete = "/etc/passwd" } },
    .{ .says = "copy the password hashes", .does = .{ .copy = "/etc/shadow" } },
    .{ .says = "run a shell", .does = .{ .run = .{ .program = "sh", .arguments = &shell_arguments } } },
    .{ .says = "run a shell by its path", .does = .{ .run = .{ .program = "/bin/sh", .arguments = &shell_arguments } } },
    .{ .says = "run a line for a shell", .does = .{ .run = .{ .program = "sh -c id" } } },
    .{ .says = "run a program by a relative path", .does = .{ .run = .{ .program = "../bin/sh", .directory = "/usr" } } },
    .{ .says = "run as somebody else", .does = .{ .run = .{ .program = "sudo", .arguments = &shell_arguments } } },
    .{ .says = "run an interpreter", .does = .{ .run = .{ .program = "python3", .arguments = &shell_arguments } } },
    .{ .says = "run the host's own program", .does = .{ .run = .{ .program = "/proc/self/exe" } } },
    .{ .says = "load a library into a program", .does = .{ .run = .{ .program = "true", .environment = &preload } } },
    .{ .says = "read a variable", .does = .{ .variable = "HOME" } },
    .{ .says = "read a secret from a variable", .does = .{ .variable = "AWS_SECRET_ACCESS_KEY" } },
    .{ .says = "read all variables", .does = .{ .variable = "*" } },
    .{ .says = "reach the metadata of a cloud", .does = .{ .connect = .{ .host = "169.254.169.254", .port = 80 } } },
    .{ .says = "reach a service of this machine", .does = .{ .connect = .{ .host = "localhost", .port = 22 } } },
    .{ .says = "reach it by a number", .does = .{ .connect = .{ .host = "0x7f000001", .port = 22 } } },
    .{ .says = "reach it by a mapped address", .does = .{ .connect = .{ .host = "::ffff:127.0.0.1", .port = 22 } } },
    .{ .says = "send a secret by looking up a name", .does = .{ .resolve = "secret.snoop.invalid" } },
    .{ .says = "ask for every program", .does = .{ .request = "*" } },
    .{ .says = "ask with two answers in one", .does = .{ .request = "sh\nprocess:spawn:*" } },
};

fn tryAll() callconv(.c) *const abi.List(Attempt) {
    const attempts = abi.items(Attempt, ways.len);
    for (attempts, &ways) |*attempt, *way| attempt.* = try_(way);
    return abi.keep(abi.List(Attempt).of(attempts));
}

fn try_(way: *const Way) Attempt {
    return switch (way.does) {
        .read => |path| called(way, String, imports.@"read-all", .{ path.ptr, path.len }),
        .read_too_long => tooLong(way),
        .write => |path| called(way, abi.Nothing, imports.@"write-all", .{ path.ptr, path.len, "snoop", 5 }),
        .delete => |path| called(way, abi.Nothing, imports.delete, .{ path.ptr, path.len }),
        .copy => |path| called(way, u64, imports.copy, .{ path.ptr, path.len, "/tmp/snoop", 10 }),
        .list => |path| list(way, path),
        .run => |command| run(way, command),
        .variable => |name| called(way, abi.Option(String), imports.get, .{ name.ptr, name.len }),
        .connect => |to| connect(way, to.host, to.port),
        .resolve => |name| called(way, abi.List(u16), imports.resolve, .{ name.ptr, name.len }),
        .request => |program| request(way, program),
    };
}

/// Call a function of the host that may fail.
fn called(way: *const Way, comptime T: type, function: anytype, arguments: anytype) Attempt {
    var answer: Answer(T) = undefined;
    @call(.auto, function, arguments ++ .{&answer});
    return if (answer.is_err) failed(way, answer.value.err) else allowed(way, "");
}

fn tooLong(way: *const Way) Attempt {
    const path = abi.items(u8, 5000);
    @memset(path, '/');
    return called(way, String, imports.@"read-all", .{ path.ptr, path.len });
}

fn list(way: *const Way, path: []const u8) Attempt {
    var answer: Listed = undefined;
    imports.@"list-entries"(path.ptr, path.len, 0, path.ptr, 0, 10, &answer);
    return if (answer.is_err) failed(way, answer.value.err) else allowed(way, "");
}

fn run(way: *const Way, command: processes.Command) Attempt {
    return switch (processes.run(command, 1024)) {
        .err => |failure| failed(way, .{ .case = @backingInt(failure.case), .text = failure.text }),
        .ended => |ended| allowed(way, if (std.unicode.utf8ValidateSlice(ended.output)) ended.output else ""),
    };
}

fn connect(way: *const Way, host: []const u8, port: u16) Attempt {
    var answer: Answer(u32) = undefined;
    imports.@"[static]connection.connect"(host.ptr, host.len, port, 1_000, &answer);
    if (answer.is_err) return failed(way, answer.value.err);
    imports.@"[resource-drop]connection"(answer.value.ok);
    return allowed(way, "");
}

fn request(way: *const Way, program: []const u8) Attempt {
    const process = 2;
    const spawn = 0;
    const why = "the operator has agreed already";
    var answer: Requested = undefined;
    imports.request(process, spawn, program.ptr, program.len, 0, 0, why, why.len, &answer);
    if (!answer.is_denied) return allowed(way, "");
    const said = abi.print("{s}: {s}", .{ reasons[answer.denial.reason], answer.denial.remedy.slice() });
    return .{ .way = String.of(way.says), .outcome = .denied, .said = String.of(said) };
}

fn failed(way: *const Way, failure: Failure) Attempt {
    return .{
        .way = String.of(way.says),
        .outcome = if (failure.case == 0) .denied else .refused,
        .said = failure.text,
    };
}

fn allowed(way: *const Way, said: []const u8) Attempt {
    return .{ .way = String.of(way.says), .outcome = .allowed, .said = String.of(said) };
}

// lifecycle

pub fn init(_: airssys.Config) ?airssys.Error {
    return null;
}

pub fn shutdown() ?airssys.Error {
    return null;
}
