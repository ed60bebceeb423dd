/* SPDX-License-Identifier: Apache-2.0
 *
 * A complete plugin in plain C: the protocol "example-minimal" takes a payload of the form
 * "<device>=<integer>" and reports it as the property "value".
 *
 *   cc -std=c11 -fPIC -shared -fvisibility=hidden -I../include minimal.c -o minimal.so \
 *      -Wl,-z,defs,-z,now,-z,noexecstack
 */
#include "fairlead/factory/protocol.h"

#include <stdlib.h>
#include <string.h>

#define STR(literal)                                                                               \
    { literal, sizeof(literal) - 1 }

static const fl_host* host;

static fl_str text(fl_bytes b) {
    fl_str s;
    s.p = (const char*)b.p;
    s.n = b.n;
    return s;
}

static fl_status fail(fl_err* err, fl_status code, const char* why) {
    size_t n = strlen(why);
    if (n > sizeof(err->text)) {
        n = sizeof(err->text);
    }
    err->code = code;
    err->len = (uint32_t)n;
    memcpy(err->text, why, n);
    return code;
}

/* Length of the part before '='; the whole length when there is none. */
static size_t split(fl_str s) {
    const char* found = s.n == 0 ? NULL : memchr(s.p, '=', s.n);
    return found == NULL ? s.n : (size_t)(found - s.p);
}

static fl_status identify(void* self, const fl_transport_message* message, fl_identity* out,
                          fl_err* err) {
    fl_str payload = text(message->payload);
    (void)self;
    payload.n = split(payload);
    if (payload.n == 0) {
        return fail(err, FL_E_NOT_FOUND, "the payload names no device");
    }
    out->device_id = payload;
    return FL_OK;
}

static fl_status authenticate(void* self, const fl_transport_message* message,
                              const fl_session_view* session, const fl_protocol_sink* sink,
                              fl_err* err) {
    (void)self, (void)message, (void)session, (void)sink, (void)err;
    return FL_OK;
}

static fl_status decode(void* self, const fl_transport_message* message,
                        const fl_session_view* session, const fl_protocol_sink* sink, fl_err* err) {
    const fl_str payload = text(message->payload);
    const size_t at = split(payload);
    char digits[24];
    char* end = NULL;
    fl_property property;
    fl_device_message out;
    (void)self;
    if (at == payload.n || payload.n - at - 1 >= sizeof(digits)) {
        return fail(err, FL_E_MALFORMED, "expected: device=integer");
    }
    memcpy(digits, payload.p + at + 1, payload.n - at - 1);
    digits[payload.n - at - 1] = '\0';
    memset(&property, 0, sizeof(property));
    property.value.kind = FL_VALUE_INTEGER;
    property.value.i = strtoll(digits, &end, 10);
    if (end == digits || *end != '\0') {
        return fail(err, FL_E_MALFORMED, "expected: device=integer");
    }
    property.id.p = "value";
    property.id.n = 5;
    memset(&out, 0, sizeof(out));
    out.size = sizeof(out);
    out.kind = FL_DEVICE_REPORT_PROPERTY;
    out.device_id = session->device_id;
    out.properties = &property;
    out.property_count = 1;
    return sink->device(sink->ctx, &out);
}

static fl_status encode(void* self, const fl_device_message* message,
                        const fl_session_view* session, const fl_protocol_sink* sink, fl_err* err) {
    (void)self, (void)message, (void)session, (void)sink;
    return fail(err, FL_E_UNSUPPORTED, "this protocol has no downlink");
}

static void destroy(void* self) {
    host->free(host->ctx, self);
}

static const fl_protocol_descriptor descriptor = {
    sizeof(fl_protocol_descriptor),
    0,
    STR("example-minimal"),
    STR("{\"en\":\"Minimal example\",\"zh-CN\":\"最小示例\"}"),
    STR("{\"en\":\"device=integer\",\"zh-CN\":\"设备=整数\"}"),
    NULL,
    NULL,
    0,
    0};

static uint32_t count(void) {
    return 1;
}

static const fl_protocol_descriptor* describe(uint32_t index) {
    return index == 0 ? &descriptor : NULL;
}

static fl_status create(const fl_host* from, fl_str id, fl_str config, fl_protocol* out,
                        fl_err* err) {
    fl_protocol table;
    (void)id, (void)config;
    memset(&table, 0, sizeof(table));
    table.size = out->size < sizeof(table) ? out->size : (uint32_t)sizeof(table);
    table.self = from->alloc(from->ctx, 64, 16); /* stands for the state of an instance */
    if (table.self == NULL) {
        return fail(err, FL_E_MEMORY, "no memory for the protocol");
    }
    table.destroy = destroy;
    table.identify = identify;
    table.authenticate = authenticate;
    table.decode = decode;
    table.encode = encode;
    memcpy(out, &table, table.size);
    return FL_OK;
}

static const fl_protocol_factory factory = {sizeof(fl_protocol_factory), count, describe, create};

static fl_status init(const fl_host* from, fl_err* err) {
    const fl_str component = {NULL, 0};
    const fl_str line = STR("the minimal example is loaded");
    (void)err;
    host = from;
    host->log(host->ctx, FL_LOG_INFORMATION, component, line);
    return FL_OK;
}

static void quiesce(void) {}

static void deinit(void) {
    host = NULL;
}

static const void* get_factory(const char* id) {
    return strcmp(id, FL_FACTORY_PROTOCOL) == 0 ? &factory : NULL;
}

static const void* get_extension(const char* id) {
    (void)id;
    return NULL;
}

FL_EXPORT const fl_module* fl_plugin_entry_v1(void) {
    static const fl_module module = {sizeof(fl_module),
                                     FL_ABI_MAJOR,
                                     FL_ABI_MINOR,
                                     0,
                                     sizeof(void*),
                                     STR("fairlead.example.minimal"),
                                     STR("1.0.0"),
                                     STR("{\"en\":\"Minimal example\",\"zh-CN\":\"最小示例\"}"),
                                     STR("plain C"),
                                     STR(__VERSION__),
                                     init,
                                     quiesce,
                                     NULL,
                                     deinit,
                                     get_factory,
                                     get_extension};
    return &module;
}
