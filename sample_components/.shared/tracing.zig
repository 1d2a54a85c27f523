//! `airssys:core-host/tracing` in Zig: the steps of a call, for the operator to look at.

const imports = struct {
    extern "airssys:core-host/tracing@1.0.0" fn @"[static]span.start"([*]const u8, usize, u32, u32) u32;
    extern "airssys:core-host/tracing@1.0.0" fn @"[method]span.annotate"(u32, [*]const u8, usize, [*]const u8, usize) void;
    extern "airssys:core-host/tracing@1.0.0" fn @"[method]span.record-error"(u32, [*]const u8, usize) void;
    extern "airssys:core-host/tracing@1.0.0" fn @"[resource-drop]span"(u32) void;
};

/// One step. `end` it: that finishes it and gives the handle back.
pub const Span = struct {
    handle: u32,

    /// Begin a step of the call.
    pub fn start(name: []const u8) Span {
        return .{ .handle = imports.@"[static]span.start"(name.ptr, name.len, 0, 0) };
    }

    /// Begin a step within this one.
    pub fn within(self: Span, name: []const u8) Span {
        return .{ .handle = imports.@"[static]span.start"(name.ptr, name.len, 1, self.handle) };
    }

    pub fn annotate(self: Span, key: []const u8, value: []const u8) void {
        imports.@"[method]span.annotate"(self.handle, key.ptr, key.len, value.ptr, value.len);
    }

    /// Say that it failed, and why.
    pub fn fail(self: Span, why: []const u8) void {
        imports.@"[method]span.record-error"(self.handle, why.ptr, why.len);
    }

    pub fn end(self: Span) void {
        imports.@"[resource-drop]span"(self.handle);
    }
};
