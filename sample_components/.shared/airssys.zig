//! The airssys contract in Zig: what a component imports from `airssys:core-host` and exports for
//! `airssys:core-component`, with the flattened parameters of the ABI turned into values and back.
//!
//! A component writes plain functions and says which interfaces they implement:
//!
//!     comptime {
//!         airssys.exportLifecycle(@This());   // pub fn init(Config) ?Error, pub fn shutdown() ?Error
//!     }

pub const abi = @import("abi.zig");

/// `airssys:core-types/errors.component-error`.
pub const ErrorCase = enum(u8) {
    invalid_config,
    invalid_input,
    invalid_state,
    unsupported,
    denied,
    unavailable,
    timeout,
    cancelled,
    retryable,
    internal,
};
pub const Error = abi.Tagged(ErrorCase);

/// Why something cannot be done, for the operator to read.
pub fn failure(case: ErrorCase, reason: []const u8) Error {
    return .{ .case = case, .text = abi.String.of(reason) };
}

/// `airssys:core-types/errors.execution-error`.
pub const ExecutionErrorCase = enum(u8) {
    unknown_operation,
    invalid_input,
    unsupported_codec,
    denied,
    timeout,
    cancelled,
    failed,
};
pub const ExecutionError = abi.Tagged(ExecutionErrorCase);

/// `airssys:core-types/payload.payload`.
pub const Payload = abi.Tagged(enum(u8) { text, binary });

pub fn text(content: []const u8) Payload {
    return .{ .case = .text, .text = abi.String.of(content) };
}

/// `airssys:core-types/identity.component-version`, as far as components look at it.
pub const Version = struct { major: u64, minor: u64, patch: u64 };

/// `airssys:core-component/lifecycle.component-config`.
pub const Config = struct {
    namespace: []const u8,
    name: []const u8,
    version: Version,
    /// Values are JSON text.
    entries: []const abi.Pair,
};

/// Importing from the host. A component gets an import only for what it uses.
pub const host = struct {
    pub const Level = enum(u32) { trace, debug, info, warn, @"error" };

    const logging = struct {
        extern "airssys:core-host/logging@1.0.0" fn log(
            level: Level,
            message: [*]const u8,
            message_len: usize,
            fields: [*]const abi.Pair,
            fields_len: usize,
        ) void;
    };

    /// Write one line to the component's log.
    pub fn log(level: Level, message: []const u8, fields: []const abi.Pair) void {
        logging.log(level, message.ptr, message.len, fields.ptr, fields.len);
    }

    pub fn field(key: []const u8, value: []const u8) abi.Pair {
        return .{ .key = abi.String.of(key), .value = abi.String.of(value) };
    }

    const metrics = struct {
        extern "airssys:core-host/metrics@1.0.0" fn @"counter-add"(
            name: [*]const u8,
            name_len: usize,
            by: u64,
            labels: [*]const abi.Pair,
            labels_len: usize,
        ) void;
        extern "airssys:core-host/metrics@1.0.0" fn @"gauge-set"(
            name: [*]const u8,
            name_len: usize,
            value: f64,
            labels: [*]const abi.Pair,
            labels_len: usize,
        ) void;
        extern "airssys:core-host/metrics@1.0.0" fn @"histogram-record"(
            name: [*]const u8,
            name_len: usize,
            value: f64,
            labels: [*]const abi.Pair,
            labels_len: usize,
        ) void;
    };

    /// Add to a counter of the component's own.
    pub fn count(name: []const u8, by: u64) void {
        metrics.@"counter-add"(name.ptr, name.len, by, &[_]abi.Pair{}, 0);
    }

    /// Set a gauge of the component's own; the unit belongs in its name.
    pub fn gauge(name: []const u8, value: f64) void {
        metrics.@"gauge-set"(name.ptr, name.len, value, &[_]abi.Pair{}, 0);
    }

    /// Record one observation of a distribution; the unit belongs in its name.
    pub fn observe(name: []const u8, value: f64) void {
        metrics.@"histogram-record"(name.ptr, name.len, value, &[_]abi.Pair{}, 0);
    }

    const chance = struct {
        extern "airssys:core-host/random@1.0.0" fn @"next-u64"() u64;
    };

    /// A random number, each of the 2^64 equally likely.
    pub fn random() u64 {
        return chance.@"next-u64"();
    }

    const config_ = struct {
        extern "airssys:core-host/config@1.0.0" fn get(key: [*]const u8, len: usize, result: *abi.Option(abi.String)) void;
    };

    /// The manifest's configuration value of that key, as JSON text. It lives until the call is over.
    pub fn config(key: []const u8) ?[]const u8 {
        var found: abi.Option(abi.String) = undefined;
        config_.get(key.ptr, key.len, &found);
        return if (found.get()) |value| value.slice() else null;
    }
};

/// The component's own keys and values.
pub const storage = @import("storage.zig");

/// The time, and letting it pass.
pub const clock = @import("clock.zig");

/// Being called later.
pub const timers = @import("timers.zig");

/// The steps of a call.
pub const tracing = @import("tracing.zig");

/// Asking web servers.
pub const web = @import("web.zig");

/// Answering requests over HTTP.
pub const serving = @import("serving.zig");

/// Running programs of the machine.
pub const processes = @import("processes.zig");

/// Who else is there.
pub const registry = @import("registry.zig");

/// Talking to them.
pub const mail = @import("mail.zig");

const package = "airssys:core-component/";
const Outcome = abi.Result(abi.Nothing, Error);

fn outcome(problem: ?Error) *const Outcome {
    return abi.keep(if (problem) |p| Outcome.err(p) else Outcome.ok(.{}));
}

/// Export `lifecycle`: `init(Config) ?Error` and `shutdown() ?Error` of `component`.
pub fn exportLifecycle(comptime component: type) void {
    const adapter = struct {
        fn init(
            namespace: [*]const u8,
            namespace_len: usize,
            name: [*]const u8,
            name_len: usize,
            major: u64,
            minor: u64,
            patch: u64,
            _: u32, // pre-release: none or some, address, length
            _: u32,
            _: u32,
            _: u32, // build: the same
            _: u32,
            _: u32,
            entries: [*]const abi.Pair,
            entries_len: usize,
        ) callconv(.c) *const Outcome {
            return outcome(component.init(.{
                .namespace = namespace[0..namespace_len],
                .name = name[0..name_len],
                .version = .{ .major = major, .minor = minor, .patch = patch },
                .entries = entries[0..entries_len],
            }));
        }

        fn shutdown() callconv(.c) *const Outcome {
            return outcome(component.shutdown());
        }
    };
    abi.exportAs(package ++ "lifecycle@1.0.0#init", adapter.init);
    abi.exportAs(package ++ "lifecycle@1.0.0#shutdown", adapter.shutdown);
}

/// What an operation gives: a payload, or why there is none.
pub const Executed = union(enum) { ok: Payload, err: ExecutionError };

pub fn refused(case: ExecutionErrorCase, reason: []const u8) Executed {
    return .{ .err = .{ .case = case, .text = abi.String.of(reason) } };
}

/// Export `execution`: `execute(operation, Payload) Executed` of `component`.
pub fn exportExecution(comptime component: type) void {
    const Returned = abi.Result(Payload, ExecutionError);
    const adapter = struct {
        fn execute(
            name: [*]const u8,
            name_len: usize,
            input_case: u32,
            input: [*]const u8,
            input_len: usize,
            _: u64, // request
            _: u32, // caller: none or some, namespace, name
            _: u32,
            _: u32,
            _: u32,
            _: u32,
            _: u32, // time-left: none or some, milliseconds
            _: u64,
            _: u32, // trace-id
            _: u32,
        ) callconv(.c) *const Returned {
            const given: Payload = .{ .case = @fromBackingInt(@intCast(input_case)), .text = abi.String.of(input[0..input_len]) };
            return abi.keep(switch (component.execute(name[0..name_len], given)) {
                .ok => |payload| Returned.ok(payload),
                .err => |reason| Returned.err(reason),
            });
        }
    };
    abi.exportAs(package ++ "execution@1.0.0#execute", adapter.execute);
}

/// `airssys:core-component/metadata.operation-description`.
pub const Operation = extern struct { name: abi.String, summary: abi.String, idempotent: bool };

pub fn operation(name: []const u8, summary: []const u8, idempotent: bool) Operation {
    return .{ .name = abi.String.of(name), .summary = abi.String.of(summary), .idempotent = idempotent };
}

/// `airssys:core-component/metadata.component-metadata`.
pub const Metadata = struct {
    title: []const u8,
    description: []const u8,
    operations: []const Operation = &.{},
};

/// Export `metadata`: `describe() Metadata` of `component`.
pub fn exportMetadata(comptime component: type) void {
    const Returned = extern struct {
        title: abi.String,
        description: abi.String,
        operations: abi.List(Operation),
        accepts: abi.List(u64),
        labels: abi.List(abi.Pair),
    };
    const adapter = struct {
        fn describe() callconv(.c) *const Returned {
            const metadata: Metadata = component.describe();
            return abi.keep(Returned{
                .title = abi.String.of(metadata.title),
                .description = abi.String.of(metadata.description),
                .operations = abi.List(Operation).of(metadata.operations),
                .accepts = abi.List(u64).of(&.{}),
                .labels = abi.List(abi.Pair).of(&.{}),
            });
        }
    };
    abi.exportAs(package ++ "metadata@1.0.0#describe", adapter.describe);
}

/// `airssys:core-component/health.health-report`.
pub const Health = struct {
    status: enum(u8) { healthy, degraded, unhealthy, unknown },
    message: ?[]const u8 = null,
};

/// Export `health`: `check() Health` of `component`.
pub fn exportHealth(comptime component: type) void {
    const Returned = extern struct { status: u8, message: abi.Option(abi.String) };
    const adapter = struct {
        fn check() callconv(.c) *const Returned {
            const report: Health = component.check();
            return abi.keep(Returned{
                .status = @backingInt(report.status),
                .message = if (report.message) |m| .some(abi.String.of(m)) else .none,
            });
        }
    };
    abi.exportAs(package ++ "health@1.0.0#check", adapter.check);
}

/// Export `state`: `schema_name`, `save() Payload` and `load(Payload, Version) ?Error` of `component`.
pub fn exportState(comptime component: type) void {
    const Saved = abi.Result(Payload, Error);
    const adapter = struct {
        fn schema() callconv(.c) *const abi.String {
            return abi.keep(abi.String.of(component.schema_name));
        }

        fn save() callconv(.c) *const Saved {
            return abi.keep(Saved.ok(component.save()));
        }

        fn load(
            case: u32,
            saved: [*]const u8,
            saved_len: usize,
            major: u64,
            minor: u64,
            patch: u64,
            _: u32, // pre-release: none or some, address, length
            _: u32,
            _: u32,
            _: u32, // build: the same
            _: u32,
            _: u32,
        ) callconv(.c) *const Outcome {
            return outcome(component.load(
                .{ .case = @fromBackingInt(@intCast(case)), .text = abi.String.of(saved[0..saved_len]) },
                .{ .major = major, .minor = minor, .patch = patch },
            ));
        }
    };
    abi.exportAs(package ++ "state@1.0.0#schema", adapter.schema);
    abi.exportAs(package ++ "state@1.0.0#save", adapter.save);
    abi.exportAs(package ++ "state@1.0.0#load", adapter.load);
}
