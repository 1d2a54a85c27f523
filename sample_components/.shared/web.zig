//! `airssys:ext-network/http` in Zig: asking web servers for a page. Whatever is refused is `error.Refused`, and `refusal`
//! says why.

const abi = @import("abi.zig");

const Refused = error{Refused};

const Failure = abi.Tagged(enum(u8) {
    denied,
    invalid_input,
    name_not_resolved,
    refused,
    closed,
    tls_failed,
    timeout,
    too_large,
    address_in_use,
    failed,
});

const Response = extern struct { status: u16, headers: abi.List(abi.Pair), body: u32 };
const Sent = abi.Result(Response, Failure);
const Read = abi.Result(abi.List(u8), Failure);

const imports = struct {
    extern "airssys:ext-network/http@1.0.0" fn send(
        method: u32,
        url: [*]const u8,
        url_len: usize,
        headers: [*]const abi.Pair,
        headers_len: usize,
        has_body: u32,
        body: [*]const u8,
        body_len: usize,
        has_timeout: u32,
        timeout_ms: u64,
        result: *Sent,
    ) void;
    extern "airssys:ext-network/http@1.0.0" fn @"[method]body.read"(body: u32, len: u32, result: *Read) void;
    extern "airssys:ext-network/http@1.0.0" fn @"[resource-drop]body"(body: u32) void;
};

var why: abi.String = abi.String.of("");

/// Why the last thing was refused, for the operator to read. It lives until the call is over.
pub fn refusal() []const u8 {
    return why.slice();
}

fn refused(failure: Failure) Refused {
    why = failure.text;
    return error.Refused;
}

/// An answer whose body is still to be read.
pub const Answer = struct {
    status: u16,
    headers: []const abi.Pair,
    body: u32,

    /// At most `most` bytes of what is left, which live until the call is over; none at the end.
    pub fn read(self: Answer, most: u32) Refused![]const u8 {
        var answer: Read = undefined;
        imports.@"[method]body.read"(self.body, most, &answer);
        if (answer.is_err) return refused(answer.value.err);
        return answer.value.ok.slice();
    }

    /// End the transfer.
    pub fn drop(self: Answer) void {
        imports.@"[resource-drop]body"(self.body);
    }
};

/// Fetch what is at a URL, in at most `timeout_ms` with its body.
pub fn get(url: []const u8, timeout_ms: u64) Refused!Answer {
    var answer: Sent = undefined;
    imports.send(0, url.ptr, url.len, &[_]abi.Pair{}, 0, 0, url.ptr, 0, 1, timeout_ms, &answer);
    if (answer.is_err) return refused(answer.value.err);
    const got = answer.value.ok;
    return .{ .status = got.status, .headers = got.headers.slice(), .body = got.body };
}
