/* SPDX-License-Identifier: Apache-2.0
 *
 * Written by scripts/check/abi.py --update. Include it once in a plugin: odd compiler
 * flags (packed structs, 32 bit) then fail there and not at the server. */
#ifndef FAIRLEAD_LAYOUT_H
#define FAIRLEAD_LAYOUT_H

/* clang-format off */
#include "fairlead/abi.h"
#include "fairlead/ext/config.h"
#include "fairlead/ext/health.h"
#include "fairlead/ext/selftest.h"
#include "fairlead/ext/state.h"
#include "fairlead/factory/driver.h"
#include "fairlead/factory/media.h"
#include "fairlead/factory/network.h"
#include "fairlead/factory/protocol.h"
#include "fairlead/factory/upgrade.h"
#include "fairlead/host/executor.h"
#include "fairlead/host/fd.h"
#include "fairlead/host/metrics.h"
#include "fairlead/host/state.h"
#include "fairlead/host/thread_check.h"
#include "fairlead/host/timer.h"
#include "fairlead/message.h"
#include "fairlead/plugin.h"

#ifdef __cplusplus
#define FL_LAYOUT(condition) static_assert(condition, #condition)
#else
#define FL_LAYOUT(condition) _Static_assert(condition, #condition)
#endif

#if UINTPTR_MAX == UINT64_MAX
FL_LAYOUT(sizeof(fl_str) == 16);
FL_LAYOUT(offsetof(fl_str, n) == 8);
FL_LAYOUT(sizeof(fl_bytes) == 16);
FL_LAYOUT(offsetof(fl_bytes, n) == 8);
FL_LAYOUT(sizeof(fl_attribute) == 32);
FL_LAYOUT(offsetof(fl_attribute, value) == 16);
FL_LAYOUT(sizeof(fl_err) == 256);
FL_LAYOUT(offsetof(fl_err, text) == 12);
FL_LAYOUT(sizeof(fl_value) == 40);
FL_LAYOUT(offsetof(fl_value, s) == 24);
FL_LAYOUT(sizeof(fl_config) == 24);
FL_LAYOUT(offsetof(fl_config, apply) == 16);
FL_LAYOUT(sizeof(fl_health) == 16);
FL_LAYOUT(offsetof(fl_health, check) == 8);
FL_LAYOUT(sizeof(fl_selftest) == 16);
FL_LAYOUT(offsetof(fl_selftest, run) == 8);
FL_LAYOUT(sizeof(fl_state_sink) == 24);
FL_LAYOUT(offsetof(fl_state_sink, write) == 16);
FL_LAYOUT(sizeof(fl_state) == 32);
FL_LAYOUT(offsetof(fl_state, load) == 24);
FL_LAYOUT(sizeof(fl_point_value) == 80);
FL_LAYOUT(offsetof(fl_point_value, raw) == 64);
FL_LAYOUT(sizeof(fl_driver_cost) == 48);
FL_LAYOUT(offsetof(fl_driver_cost, finished_ns) == 40);
FL_LAYOUT(sizeof(fl_driver_result) == 104);
FL_LAYOUT(offsetof(fl_driver_result, cost) == 56);
FL_LAYOUT(sizeof(fl_driver_host) == 96);
FL_LAYOUT(offsetof(fl_driver_host, stream_close) == 88);
FL_LAYOUT(sizeof(fl_point_info) == 280);
FL_LAYOUT(offsetof(fl_point_info, shown) == 152);
FL_LAYOUT(sizeof(fl_plan_info) == 24);
FL_LAYOUT(offsetof(fl_plan_info, estimate_us) == 16);
FL_LAYOUT(sizeof(fl_write_options) == 24);
FL_LAYOUT(offsetof(fl_write_options, priority) == 20);
FL_LAYOUT(sizeof(fl_driver) == 176);
FL_LAYOUT(offsetof(fl_driver, get_extension) == 168);
FL_LAYOUT(sizeof(fl_driver_descriptor) == 104);
FL_LAYOUT(offsetof(fl_driver_descriptor, point_schema) == 88);
FL_LAYOUT(sizeof(fl_driver_factory) == 40);
FL_LAYOUT(offsetof(fl_driver_factory, point_check) == 32);
FL_LAYOUT(sizeof(fl_media_result) == 56);
FL_LAYOUT(offsetof(fl_media_result, text) == 40);
FL_LAYOUT(sizeof(fl_media_http) == 72);
FL_LAYOUT(offsetof(fl_media_http, body) == 56);
FL_LAYOUT(sizeof(fl_media_host) == 48);
FL_LAYOUT(offsetof(fl_media_host, set_timer) == 40);
FL_LAYOUT(sizeof(fl_media_pull) == 72);
FL_LAYOUT(offsetof(fl_media_pull, password) == 56);
FL_LAYOUT(sizeof(fl_media_rtp) == 48);
FL_LAYOUT(offsetof(fl_media_rtp, connect_to) == 32);
FL_LAYOUT(sizeof(fl_media) == 136);
FL_LAYOUT(offsetof(fl_media, get_extension) == 128);
FL_LAYOUT(sizeof(fl_media_descriptor) == 80);
FL_LAYOUT(offsetof(fl_media_descriptor, schema) == 64);
FL_LAYOUT(sizeof(fl_media_factory) == 32);
FL_LAYOUT(offsetof(fl_media_factory, create) == 24);
FL_LAYOUT(sizeof(fl_peer) == 72);
FL_LAYOUT(offsetof(fl_peer, psk_identity) == 56);
FL_LAYOUT(sizeof(fl_delivery) == 32);
FL_LAYOUT(offsetof(fl_delivery, once_key) == 16);
FL_LAYOUT(sizeof(fl_completion) == 16);
FL_LAYOUT(offsetof(fl_completion, reply) == 8);
FL_LAYOUT(sizeof(fl_dialed) == 24);
FL_LAYOUT(offsetof(fl_dialed, reserved) == 20);
FL_LAYOUT(sizeof(fl_network_host) == 120);
FL_LAYOUT(offsetof(fl_network_host, ready) == 112);
FL_LAYOUT(sizeof(fl_network) == 88);
FL_LAYOUT(offsetof(fl_network, get_extension) == 80);
FL_LAYOUT(sizeof(fl_network_descriptor) == 120);
FL_LAYOUT(offsetof(fl_network_descriptor, schema) == 104);
FL_LAYOUT(sizeof(fl_network_factory) == 32);
FL_LAYOUT(offsetof(fl_network_factory, create) == 24);
FL_LAYOUT(sizeof(fl_identity) == 40);
FL_LAYOUT(offsetof(fl_identity, product_id) == 24);
FL_LAYOUT(sizeof(fl_session_view) == 88);
FL_LAYOUT(offsetof(fl_session_view, config) == 80);
FL_LAYOUT(sizeof(fl_protocol_sink) == 56);
FL_LAYOUT(offsetof(fl_protocol_sink, close) == 48);
FL_LAYOUT(sizeof(fl_protocol) == 64);
FL_LAYOUT(offsetof(fl_protocol, get_extension) == 56);
FL_LAYOUT(sizeof(fl_route) == 88);
FL_LAYOUT(offsetof(fl_route, example) == 72);
FL_LAYOUT(sizeof(fl_protocol_transport) == 64);
FL_LAYOUT(offsetof(fl_protocol_transport, document) == 48);
FL_LAYOUT(sizeof(fl_protocol_descriptor) == 80);
FL_LAYOUT(offsetof(fl_protocol_descriptor, reserved) == 76);
FL_LAYOUT(sizeof(fl_protocol_factory) == 32);
FL_LAYOUT(offsetof(fl_protocol_factory, create) == 24);
FL_LAYOUT(sizeof(fl_upgrade_counts) == 56);
FL_LAYOUT(offsetof(fl_upgrade_counts, canceled) == 48);
FL_LAYOUT(sizeof(fl_upgrade_group) == 80);
FL_LAYOUT(offsetof(fl_upgrade_group, counts) == 24);
FL_LAYOUT(sizeof(fl_upgrade_view) == 128);
FL_LAYOUT(offsetof(fl_upgrade_view, state) == 112);
FL_LAYOUT(sizeof(fl_upgrade_change) == 40);
FL_LAYOUT(offsetof(fl_upgrade_change, time_ms) == 32);
FL_LAYOUT(sizeof(fl_upgrade_sink) == 72);
FL_LAYOUT(offsetof(fl_upgrade_sink, set_state) == 64);
FL_LAYOUT(sizeof(fl_upgrade) == 48);
FL_LAYOUT(offsetof(fl_upgrade, get_extension) == 40);
FL_LAYOUT(sizeof(fl_upgrade_descriptor) == 72);
FL_LAYOUT(offsetof(fl_upgrade_descriptor, schema) == 56);
FL_LAYOUT(sizeof(fl_upgrade_factory) == 32);
FL_LAYOUT(offsetof(fl_upgrade_factory, create) == 24);
FL_LAYOUT(sizeof(fl_host_executor) == 32);
FL_LAYOUT(offsetof(fl_host_executor, run) == 24);
FL_LAYOUT(sizeof(fl_host_fd) == 40);
FL_LAYOUT(offsetof(fl_host_fd, unwatch) == 32);
FL_LAYOUT(sizeof(fl_host_metrics) == 32);
FL_LAYOUT(offsetof(fl_host_metrics, set) == 24);
FL_LAYOUT(sizeof(fl_host_state) == 40);
FL_LAYOUT(offsetof(fl_host_state, remove) == 32);
FL_LAYOUT(sizeof(fl_host_thread_check) == 24);
FL_LAYOUT(offsetof(fl_host_thread_check, roles) == 16);
FL_LAYOUT(sizeof(fl_host_timer) == 32);
FL_LAYOUT(offsetof(fl_host_timer, cancel) == 24);
FL_LAYOUT(sizeof(fl_transport_message) == 120);
FL_LAYOUT(offsetof(fl_transport_message, received_ms) == 112);
FL_LAYOUT(sizeof(fl_property) == 80);
FL_LAYOUT(offsetof(fl_property, state) == 64);
FL_LAYOUT(sizeof(fl_device_message) == 184);
FL_LAYOUT(offsetof(fl_device_message, headers) == 168);
FL_LAYOUT(sizeof(fl_host) == 64);
FL_LAYOUT(offsetof(fl_host, utc_ms) == 56);
FL_LAYOUT(sizeof(fl_module) == 144);
FL_LAYOUT(offsetof(fl_module, get_extension) == 136);
#endif

#endif
