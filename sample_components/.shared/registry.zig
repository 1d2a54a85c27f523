//! `airssys:core-host/registry` in Zig: who else is there. What is read lives until the call is over.

const abi = @import("abi.zig");

/// `airssys:core-types/identity.component-id`.
pub const Id = extern struct { namespace: abi.String, name: abi.String };

/// `airssys:core-types/identity.component-version`.
pub const Version = extern struct {
    major: u64,
    minor: u64,
    patch: u64,
    pre_release: abi.Option(abi.String),
    build: abi.Option(abi.String),
};

pub const State = enum(u8) { uninstalled, installing, installed, starting, running, updating, stopping, stopped, failed };

pub const Health = enum(u8) { healthy, degraded, unhealthy, unknown };

/// `component-info`.
pub const Info = extern struct {
    id: Id,
    version: abi.Option(Version),
    state: State,
    health: Health,
    interfaces: abi.List(abi.String),
};

const imports = struct {
    extern "airssys:core-host/registry@1.0.0" fn @"list-components"(*abi.List(Id)) void;
    extern "airssys:core-host/registry@1.0.0" fn describe([*]const u8, usize, [*]const u8, usize, *abi.Option(Info)) void;
};

/// Every component, in the order of their identities.
pub fn list() []const Id {
    var answer: abi.List(Id) = undefined;
    imports.@"list-components"(&answer);
    return answer.slice();
}

/// One of them; null when it is not there.
pub fn describe(id: Id) ?Info {
    var answer: abi.Option(Info) = undefined;
    imports.describe(id.namespace.address, id.namespace.len, id.name.address, id.name.len, &answer);
    return answer.get();
}
