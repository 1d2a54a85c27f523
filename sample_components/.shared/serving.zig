//! Answering requests over HTTP: `wasi:http/incoming-handler` and as much of `wasi:http/types` as a short response needs.

const abi = @import("abi.zig");

const Written = abi.Result(abi.Nothing, extern struct { case: u8, handle: u32 });
const Handle = abi.Result(u32, abi.Nothing);

/// Room for a `result<_, error-code>`, which nobody looks at.
const Ignored = extern struct { room: [8]u64 };

const types = struct {
    extern "wasi:http/types@0.2.0" fn @"[constructor]fields"() u32;
    extern "wasi:http/types@0.2.0" fn @"[method]fields.append"(
        self: u32,
        name: [*]const u8,
        name_len: usize,
        value: [*]const u8,
        value_len: usize,
        result: *Ignored,
    ) void;
    extern "wasi:http/types@0.2.0" fn @"[method]incoming-request.path-with-query"(
        self: u32,
        result: *abi.Option(abi.String),
    ) void;
    extern "wasi:http/types@0.2.0" fn @"[resource-drop]incoming-request"(self: u32) void;
    extern "wasi:http/types@0.2.0" fn @"[constructor]outgoing-response"(fields: u32) u32;
    extern "wasi:http/types@0.2.0" fn @"[method]outgoing-response.set-status-code"(self: u32, status: u32) u32;
    extern "wasi:http/types@0.2.0" fn @"[method]outgoing-response.body"(self: u32, result: *Handle) void;
    extern "wasi:http/types@0.2.0" fn @"[method]outgoing-body.write"(self: u32, result: *Handle) void;
    extern "wasi:http/types@0.2.0" fn @"[static]outgoing-body.finish"(
        self: u32,
        has_trailers: u32,
        trailers: u32,
        result: *Ignored,
    ) void;
    extern "wasi:http/types@0.2.0" fn @"[static]response-outparam.set"(
        self: u32,
        is_error: u32,
        response: u32,
        _: u32, // what an error carries
        _: u64,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
    ) void;
};

const streams = struct {
    extern "wasi:io/streams@0.2.0" fn @"[method]output-stream.blocking-write-and-flush"(
        self: u32,
        contents: [*]const u8,
        len: usize,
        result: *Written,
    ) void;
    extern "wasi:io/streams@0.2.0" fn @"[resource-drop]output-stream"(self: u32) void;
};

const errors = struct {
    extern "wasi:io/error@0.2.0" fn @"[resource-drop]error"(self: u32) void;
};

/// The case of `stream-error` that carries an error.
const last_operation_failed = 0;

/// What is answered.
pub const Response = struct {
    status: u16 = 200,
    content_type: []const u8 = "text/plain; charset=utf-8",
    body: []const u8,
};

/// Export `incoming-handler`: `answer(path) Response` of `component`, where the path includes the query.
pub fn exportIncomingHandler(comptime component: type) void {
    const adapter = struct {
        fn handle(request: u32, out: u32) callconv(.c) void {
            var path: abi.Option(abi.String) = undefined;
            types.@"[method]incoming-request.path-with-query"(request, &path);
            types.@"[resource-drop]incoming-request"(request);
            send(out, component.answer(if (path.get()) |found| found.slice() else "/"));
        }
    };
    abi.exportAs("wasi:http/incoming-handler@0.2.0#handle", adapter.handle);
}

fn send(out: u32, response: Response) void {
    var ignored: Ignored = undefined;
    const fields = types.@"[constructor]fields"();
    const name, const value = .{ "content-type", response.content_type };
    types.@"[method]fields.append"(fields, name, name.len, value.ptr, value.len, &ignored);
    const made = types.@"[constructor]outgoing-response"(fields);
    _ = types.@"[method]outgoing-response.set-status-code"(made, response.status);
    var body: Handle = undefined;
    types.@"[method]outgoing-response.body"(made, &body); // the first time it is there
    types.@"[static]response-outparam.set"(out, 0, made, 0, 0, 0, 0, 0, 0);
    write(body.value.ok, response.body);
    types.@"[static]outgoing-body.finish"(body.value.ok, 0, 0, &ignored);
}

/// Write a body until it is out, or until the client is gone: the host ends the response then.
fn write(body: u32, content: []const u8) void {
    var stream: Handle = undefined;
    types.@"[method]outgoing-body.write"(body, &stream);
    defer streams.@"[resource-drop]output-stream"(stream.value.ok);
    var rest = content;
    while (rest.len > 0) {
        const piece = rest[0..@min(rest.len, most_at_once)];
        var written: Written = undefined;
        streams.@"[method]output-stream.blocking-write-and-flush"(stream.value.ok, piece.ptr, piece.len, &written);
        if (written.is_err) {
            if (written.value.err.case == last_operation_failed) errors.@"[resource-drop]error"(written.value.err.handle);
            return;
        }
        rest = rest[piece.len..];
    }
}

/// Bytes that one write may have.
const most_at_once = 4096;
