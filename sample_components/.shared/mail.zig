//! `airssys:core-host/{messaging,requests,pubsub}` and `airssys:core-component/{message-handler,callback-handler}` in Zig.
//! Bodies are text without a codec. What comes in lives until the call is over.

const abi = @import("abi.zig");
const airssys = @import("airssys.zig");
const registry = @import("registry.zig");

/// `airssys:core-types/errors.messaging-error`.
pub const Case = enum(u8) {
    unknown_target,
    not_running,
    denied,
    mailbox_full,
    rate_limited,
    too_large,
    unsupported_codec,
    timeout,
    cancelled,
    failed,
};
pub const Error = abi.Tagged(Case);

/// The answer to a request, or why there is none.
pub const Answer = union(enum) { ok: airssys.Payload, err: Error };

/// What became of a request that was made: its number, or why it was not.
pub const Asked = union(enum) { request: u64, err: Error };

/// What became of a publication: how many mailboxes took it, or why none was asked.
pub const Published = union(enum) { takers: u32, err: Error };

const Called = abi.Result(airssys.Payload, Error);
const Numbered = abi.Result(u64, Error);
const Taken = abi.Result(u32, Error);
const Done = abi.Result(abi.Nothing, Error);

const requests = struct {
    extern "airssys:core-host/requests@1.0.0" fn call([*]const u8, usize, [*]const u8, usize, u32, u64, u32, [*]const u8, usize, u32, *Called) void;
    extern "airssys:core-host/requests@1.0.0" fn request([*]const u8, usize, [*]const u8, usize, u32, u64, u32, [*]const u8, usize, u32, *Numbered) void;
};

const pubsub = struct {
    extern "airssys:core-host/pubsub@1.0.0" fn publish([*]const u8, usize, u32, u64, u32, [*]const u8, usize, *Taken) void;
    extern "airssys:core-host/pubsub@1.0.0" fn subscribe([*]const u8, usize, *Done) void;
};

const namespace = "local";

/// Ask the component `local/NAME`, and wait for its answer.
pub fn call(name: []const u8, body: []const u8, timeout_ms: u32) Answer {
    var result: Called = undefined;
    requests.call(namespace, namespace.len, name.ptr, name.len, 0, 0, 0, body.ptr, body.len, timeout_ms, &result);
    return if (result.is_err) .{ .err = result.value.err } else .{ .ok = result.value.ok };
}

/// Ask the component `local/NAME`; the answer comes to the callback handler.
pub fn ask(name: []const u8, body: []const u8, timeout_ms: u32) Asked {
    var result: Numbered = undefined;
    requests.request(namespace, namespace.len, name.ptr, name.len, 0, 0, 0, body.ptr, body.len, timeout_ms, &result);
    return if (result.is_err) .{ .err = result.value.err } else .{ .request = result.value.ok };
}

/// Publish on a topic.
pub fn publish(topic: []const u8, body: []const u8) Published {
    var result: Taken = undefined;
    pubsub.publish(topic.ptr, topic.len, 0, 0, 0, body.ptr, body.len, &result);
    return if (result.is_err) .{ .err = result.value.err } else .{ .takers = result.value.ok };
}

/// Have what is published on the topics of a pattern delivered; null when that is done.
pub fn subscribe(pattern: []const u8) ?Error {
    var result: Done = undefined;
    pubsub.subscribe(pattern.ptr, pattern.len, &result);
    return if (result.is_err) result.value.err else null;
}

/// Publish on a topic, and log a warning when that is refused.
pub fn publishOrWarn(topic: []const u8, body: []const u8) void {
    switch (publish(topic, body)) {
        .takers => {},
        .err => |reason| airssys.host.log(.warn, "not published", &.{airssys.host.field("reason", reason.text.slice())}),
    }
}

/// `component-message`.
pub const Message = extern struct {
    id: abi.String,
    kind: enum(u8) { sent, request, publish },
    sender: abi.Option(registry.Id),
    topic: abi.Option(abi.String),
    correlation: abi.Option(u64),
    codec: abi.Option(u64),
    body: airssys.Payload,
    sent_at: airssys.clock.Timestamp,
    time_left: abi.Option(u64),
    attempt: u32,
    trace_id: abi.String,
};

/// What handling a message gives: the answer to a request, if any, or why it was not handled.
pub const Handled = union(enum) { ok: ?airssys.Payload, err: airssys.Error };

/// Export `message-handler`: `onMessage(*const Message) Handled` of `component`.
pub fn exportMessageHandler(comptime component: type) void {
    const Returned = abi.Result(abi.Option(airssys.Payload), airssys.Error);
    const adapter = struct {
        fn handle(message: *const Message) callconv(.c) *const Returned {
            return abi.keep(switch (component.onMessage(message)) {
                .ok => |answer| Returned.ok(if (answer) |payload| .some(payload) else .none),
                .err => |reason| Returned.err(reason),
            });
        }
    };
    abi.exportAs("airssys:core-component/message-handler@1.0.0#handle-message", adapter.handle);
}

/// Export `lifecycle` and `message-handler` of a component that only listens: it subscribes to `component.pattern` when it
/// starts, and `onPublished(topic, body) ?Error` gets what comes. What was not published is left alone.
pub fn exportListener(comptime component: type) void {
    const adapter = struct {
        pub fn init(_: airssys.Config) ?airssys.Error {
            const reason = subscribe(component.pattern) orelse return null;
            return airssys.failure(.unavailable, reason.text.slice());
        }

        pub fn shutdown() ?airssys.Error {
            return null;
        }

        pub fn onMessage(message: *const Message) Handled {
            const topic = message.topic.get() orelse return .{ .ok = null };
            const reason = component.onPublished(topic.slice(), message.body.text.slice()) orelse return .{ .ok = null };
            return .{ .err = reason };
        }
    };
    airssys.exportLifecycle(adapter);
    exportMessageHandler(adapter);
}

/// Export `callback-handler`: `onAnswer(request, Answer)` of `component`.
pub fn exportCallbackHandler(comptime component: type) void {
    const adapter = struct {
        fn handle(request: u64, is_err: u32, tag: u32, text: [*]const u8, len: usize) callconv(.c) void {
            const said = abi.String.of(text[0..len]);
            component.onAnswer(request, if (is_err != 0)
                Answer{ .err = .{ .case = @fromBackingInt(@intCast(tag)), .text = said } }
            else
                Answer{ .ok = .{ .case = @fromBackingInt(@intCast(tag)), .text = said } });
        }
    };
    abi.exportAs("airssys:core-component/callback-handler@1.0.0#handle-callback", adapter.handle);
}
