/* SPDX-License-Identifier: Apache-2.0
 *
 * One source for modules that break, or stretch, one rule each: see the ODD_ macros. */
#include "fairlead/ext/selftest.h"
#include "fairlead/factory/protocol.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STR(literal)                                                                               \
    { literal, sizeof(literal) - 1 }

#ifndef ODD_MAJOR
#define ODD_MAJOR FL_ABI_MAJOR
#endif
#ifndef ODD_MINOR
#define ODD_MINOR FL_ABI_MINOR
#endif
#ifndef ODD_ID
#define ODD_ID "test.odd"
#endif

#ifdef ODD_TEXTREL
/* An absolute address inside the code: the loader would have to write there. */
__asm__(".pushsection .text\n.quad odd_target\n.popsection\n");
int odd_target = 1;
#endif

static fl_status decode(void* self, const fl_transport_message* message,
                        const fl_session_view* session, const fl_protocol_sink* sink, fl_err* err) {
    fl_device_message out;
    (void)self, (void)message, (void)session, (void)err;
    memset(&out, 0, sizeof(out));
    out.size = sizeof(out);
    out.kind = FL_DEVICE_ONLINE;
    return sink->device(sink->ctx, &out);
}

static fl_status encode(void* self, const fl_device_message* message,
                        const fl_session_view* session, const fl_protocol_sink* sink, fl_err* err) {
    (void)self, (void)message, (void)session, (void)sink, (void)err;
    return FL_E_UNSUPPORTED;
}

static void destroy(void* self) {
    (void)self;
}

/* A route with a member that the server does not know yet: the stride of the array grows. */
struct long_route {
    fl_route known;
    uint64_t unknown;
};
static const struct long_route routes[] = {{{sizeof(struct long_route),
                                             FL_ROUTE_UP,
                                             {NULL, 0},
                                             STR("/one"),
                                             {NULL, 0},
                                             {NULL, 0},
                                             {NULL, 0}},
                                            7},
                                           {{sizeof(struct long_route),
                                             FL_ROUTE_DOWN,
                                             {NULL, 0},
                                             STR("/two"),
                                             {NULL, 0},
                                             {NULL, 0},
                                             {NULL, 0}},
                                            8}};
static const fl_protocol_transport transport = {
    sizeof(fl_protocol_transport), 2, STR("TCP"), &routes[0].known, {NULL, 0}, {NULL, 0}};
static const fl_protocol_descriptor descriptor = {
    sizeof(fl_protocol_descriptor), 1, STR("odd"), STR("{}"), STR("{}"), &transport, NULL, 0, 0};

static uint32_t count(void) {
    return 1;
}
static const fl_protocol_descriptor* describe(uint32_t index) {
    return index == 0 ? &descriptor : NULL;
}

/* Fills the table as a build against an older header would: without its last members. */
static fl_status create(const fl_host* host, fl_str id, fl_str config, fl_protocol* out,
                        fl_err* err) {
    (void)host, (void)id, (void)config, (void)err;
    memset(&out->flags, 0xff, out->size - sizeof(out->size)); /* what is beyond must not be read */
    out->size = offsetof(fl_protocol, get_extension);
    out->flags = 0;
    out->self = NULL;
    out->destroy = destroy;
    out->identify = NULL;
    out->authenticate = NULL;
    out->decode = decode;
    out->encode = encode;
    return FL_OK;
}

static const fl_protocol_factory factory = {sizeof(fl_protocol_factory), count, describe, create};

static fl_status init(const fl_host* host, fl_err* err) {
    (void)host;
#ifdef ODD_FORBIDDEN
    if (host->abi_minor == UINT32_MAX) { /* never, but the linker does not know */
        return system("true");
    }
#endif
#ifdef ODD_INIT_FAILS
    memcpy(err->text, "no licence", 10);
    err->len = 10;
    return FL_E_FORBIDDEN;
#endif
#ifdef ODD_INIT_HANGS
    for (;;) {
        pause();
    }
#endif
    (void)err;
    return FL_OK;
}

static void deinit(void) {}
static const void* get_factory(const char* id) {
    return strcmp(id, FL_FACTORY_PROTOCOL) == 0 ? &factory : NULL;
}

#ifdef ODD_SELFTEST_FAILS
static fl_status selftest(fl_err* err) {
    memcpy(err->text, "vector 3 differs", 16);
    err->len = 16;
    return FL_E_FAILED;
}
static const fl_selftest selftest_table = {sizeof(fl_selftest), 0, selftest};
#endif

static const void* get_extension(const char* id) {
#ifdef ODD_SELFTEST_FAILS
    if (strcmp(id, FL_EXT_SELFTEST) == 0) {
        return &selftest_table;
    }
#endif
    (void)id;
    return NULL;
}

/* A module table of a later minor: longer than ours. */
struct long_module {
    fl_module known;
    uint64_t unknown;
};

#ifndef ODD_NO_ENTRY
FL_EXPORT const fl_module* fl_plugin_entry_v1(void) {
    static const struct long_module module = {{sizeof(struct long_module), ODD_MAJOR, ODD_MINOR, 0,
                                               sizeof(void*), STR(ODD_ID), STR("0.1.0"), STR("{}"),
                                               STR("by hand"), STR("cc"), init, NULL, NULL, deinit,
                                               get_factory, get_extension},
                                              42};
    return &module.known;
}
#else
FL_EXPORT const void* some_other_symbol(void);
FL_EXPORT const void* some_other_symbol(void) {
    (void)get_factory, (void)get_extension, (void)init, (void)deinit;
    return NULL;
}
#endif
