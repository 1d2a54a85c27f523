;; Traps at one message in n, so that restarts and deliveries can be seen.
;;
;; A core module: `wasm-tools component new` wraps it into a component of the world in ../wit, which is why the exports
;; carry the names of WIT and take flattened parameters.
(module $flaky
  (import "airssys:core-host/config@1.0.0" "get" (func $config (param i32 i32 i32)))
  (import "airssys:core-host/logging@1.0.0" "log" (func $log (param i32 i32 i32 i32 i32)))

  (memory (export "memory") 1)
  ;; 0     the result of `handle-message`, which is always ok(none): the bytes 0 and 0, 4 to 19 not looked at
  ;; 32    the result of `config.get`: tag, address, length
  ;; 64    "one-in"
  ;; 1024  what the host puts in; `cabi_realloc` starts there and a post-return goes back to it
  (data (i32.const 64) "one-in")
  (global $free (mut i32) (i32.const 1024))
  (global $taken (mut i32) (i32.const 0))

  ;; The body's text lies at 84 of the message: address and length.
  (func (export "airssys:core-component/message-handler@1.0.0#handle-message") (param $message i32) (result i32)
    (global.set $taken (i32.add (global.get $taken) (i32.const 1)))
    (if (i32.eqz (i32.rem_u (global.get $taken) (call $one-in)))
      (then (unreachable)))
    (call $log
      (i32.const 2) ;; info
      (i32.load offset=84 (local.get $message)) (i32.load offset=88 (local.get $message))
      (i32.const 0) (i32.const 0))
    (i32.const 0))
  (func (export "cabi_post_airssys:core-component/message-handler@1.0.0#handle-message") (param i32)
    (global.set $free (i32.const 1024)))

  (func (export "taken") (result i32) (global.get $taken))

  ;; The configured digit; 3 when there is none.
  (func $one-in (result i32)
    (local $digit i32)
    (call $config (i32.const 64) (i32.const 6) (i32.const 32))
    (if (i32.eqz (i32.load8_u (i32.const 32))) (then (return (i32.const 3))))
    (local.set $digit (i32.sub (i32.load8_u (i32.load (i32.const 36))) (i32.const 48)))
    (if (i32.and (i32.gt_s (local.get $digit) (i32.const 0)) (i32.lt_s (local.get $digit) (i32.const 10)))
      (then (return (local.get $digit))))
    (i32.const 3))

  ;; Room for what comes in, taken off the free end. Nothing is freed before the post-return, and a trap ends the
  ;; instance together with its memory.
  (func (export "cabi_realloc") (param i32 i32) (param $alignment i32) (param $size i32) (result i32)
    (local $start i32) (local $missing i32)
    (local.set $start
      (i32.and
        (i32.sub (i32.add (global.get $free) (local.get $alignment)) (i32.const 1))
        (i32.sub (i32.const 0) (local.get $alignment))))
    (global.set $free (i32.add (local.get $start) (local.get $size)))
    (local.set $missing
      (i32.sub (i32.shr_u (i32.add (global.get $free) (i32.const 65535)) (i32.const 16)) (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1))
          (then (unreachable)))))
    (local.get $start)))
