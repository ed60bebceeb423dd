/* SPDX-License-Identifier: Apache-2.0
 *
 * Network component types: state machines over bytes. The host owns sockets, TLS, timers, limits,
 * back-pressure and counters; a plugin turns bytes into transport messages and back.
 *
 * One instance serves all connections of a component. Calls for one connection never overlap and
 * come from the loop that owns it; calls for different connections may run at once on different
 * threads ([connection-serial]), so state that connections share needs a lock of the plugin's own,
 * which must not be held while calling the host.
 *
 * A connection: on_open → (on_data | on_timer | on_complete | send)* → [on_shutdown] → on_close.
 *
 * Datagram types (FL_NETWORK_DATAGRAM; UDP, or DTLS with FL_NETWORK_DTLS):
 *
 *   peer        A connection is a peer: an address and port that sends to the component's port.
 *               on_open comes before its first datagram, behind DTLS when its handshake is complete
 *               (cookie, certificate or pre-shared key checked). A peer stays on its loop. When its
 *               address changes (NAT) it is another connection; what belongs to the device must not
 *               hang on the connection.
 *   on_data     One call is one whole datagram, behind DTLS one record's plain text: 1 byte to
 *               FL_NETWORK_DATAGRAM_BYTES_MAX, or to the component's largest datagram; empty and
 *               longer ones never come. It is used up whatever `*consumed` says. Below 0: counted
 *               as malformed and thrown away, the peer stays, for anybody can send in a peer's
 *               name; a type that wants the peer gone calls close.
 *   write       One call is one datagram, sent at the end of the round. FL_OK: queued; whether it
 *               arrives is for the type to find out. FL_E_LIMIT: larger than the transport carries
 *               (behind DTLS the component's largest datagram, at least 1280, at most 16384
 *               bytes). FL_E_BUSY: the loop's output is full, the datagram was dropped and counted.
 *               Neither closes the peer. 0 bytes are FL_OK and send nothing.
 *   deliver     As for streams. While the store is behind, the host keeps the messages of a peer,
 *               and the datagrams that come meanwhile, and gives them on in order; the plugin sees
 *               FL_PENDING. It keeps 64 of them and 128 KiB for a peer; what comes beyond that is
 *               dropped and counted, deliver then answers FL_E_LIMIT. A type that has no
 *               acknowledgement of its own need not do anything about it.
 *   timers      FL_NETWORK_TIMERS per peer, as for streams; they end with it.
 *   silence     The host closes a peer that sent nothing for the component's idle time
 *               (FL_CLOSE_TIMEOUT) and, when the component has as many peers as it may, the one
 *               that has been silent longest.
 *   close       What was written is sent, then close_notify behind DTLS; plain UDP says nothing to
 *               the peer. on_close comes at the end of the round. A later datagram from the same
 *               address is a new peer. A DTLS peer's own close_notify is FL_CLOSE_PEER, a broken
 *               session FL_CLOSE_ERROR.
 *   output_bytes  What waits for the socket of this loop, of all peers together.
 *   who it is   fl_peer says what DTLS has proved: `subject` of the certificate, or
 *               `psk_identity`. The host asks the devices for the key of an identity: it is a
 *               device's id, the key that device's setting "dtlsPsk". Types hand both on as
 *               attributes of their messages (message.h).
 */
#ifndef FAIRLEAD_FACTORY_NETWORK_H
#define FAIRLEAD_FACTORY_NETWORK_H

#include "fairlead/message.h"
#include "fairlead/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FL_FACTORY_NETWORK "fairlead.factory.network/1"

#define FL_NETWORK_TIMERS 4 /* timer ids 0 to 3 per connection */
#define FL_NETWORK_ONCE_KEY_BYTES_MAX 160
#define FL_NETWORK_DATAGRAM_BYTES_MAX 65507 /* payload of UDP over IPv4 (RFC 768, RFC 791) */

/* A connection of the host. Valid from on_open until on_close returns. */
typedef struct fl_conn fl_conn;

typedef struct fl_peer {
    uint32_t size;
    uint32_t secure;    /* 1 behind TLS or DTLS */
    fl_str address;     /* "192.0.2.1:4711"; behind a PROXY header the original one */
    fl_str server_name; /* SNI; may be empty */
    fl_str subject;     /* subject of the verified client certificate; may be empty */
    /* Younger than the rest (see size): the identity whose pre-shared key the peer has proved (RFC
     * 4279); may be empty. */
    fl_str psk_identity;
} fl_peer;

/* Why a connection ends. */
enum {
    FL_CLOSE_PEER = 1,       /* the peer closed in order */
    FL_CLOSE_ERROR = 2,      /* reset, TLS failure */
    FL_CLOSE_PROTOCOL = 3,   /* the plugin found a violation */
    FL_CLOSE_LOCAL = 4,      /* the plugin or protocol asked for it */
    FL_CLOSE_TIMEOUT = 5,    /* keep-alive or handshake limit */
    FL_CLOSE_TAKEN_OVER = 6, /* the same device connected again */
    FL_CLOSE_KICKED = 7,     /* an operator or a deactivated device */
    FL_CLOSE_SHUTDOWN = 8,   /* component disabled or server stopping */
    FL_CLOSE_LIMIT = 9,      /* output or rate limit passed */
    FL_CLOSE_UNAUTHORIZED = 10
};

/* fl_delivery.flags */
enum {
    FL_DELIVER_DURABLE = 1 /* complete only after the message is stored (QoS 1/2, HTTP) */
};

/* How a message is handed to the server. */
typedef struct fl_delivery {
    uint32_t size;
    uint32_t flags;
    uint64_t token; /* given back in on_complete */
    /* Exactly-once key, unique within the client while it is held (for example "q2/" + packet id);
     * empty = none. The message and its key are stored in one commit; a message whose key is held
     * is not stored again and completes with FL_DUPLICATE. Survives a restart until release. */
    fl_str once_key;
} fl_delivery;

/* Result of deliver, release and connect. */
typedef struct fl_completion {
    uint32_t size;
    fl_status status;                  /* FL_OK, FL_DUPLICATE, or why not */
    const fl_transport_message* reply; /* answer of the protocol (HTTP, CoAP); or NULL */
} fl_completion;

/* What the host dialled for a connection of a client type (FL_NETWORK_CLIENT). Borrowed until this
 * call's caller returns. */
typedef struct fl_dialed {
    uint32_t size;
    uint32_t target; /* position in the configuration's `targets`; 0 where there is one only */
    /* Where devices send to, by the protocols of the gateways on the component: fl_route.address of
     * the routes upwards. When they change the host ends the connection and dials again. */
    const fl_str* routes;
    uint32_t route_count;
    uint32_t reserved;
} fl_dialed;

/* What the host does for a network plugin. [connection-serial] throughout: only from within a call
 * for the same connection, except where marked. */
typedef struct fl_network_host {
    uint32_t size;
    uint32_t reserved;
    void* ctx;

    /* Appends to the connection's output, which is written once per loop round. FL_E_LIMIT when the
     * peer does not read and the output limit is passed: the connection is then closed. Datagram
     * types: see above. */
    fl_status (*write)(void* ctx, fl_conn* conn, fl_bytes bytes);

    /* Hands over a message of kind CONNECT or DATA. FL_OK: done, no completion follows. FL_PENDING:
     * on_complete follows, for one connection in the order of the deliver calls. Below 0: refused;
     * FL_E_BUSY: the store is behind, nothing was taken, try again when on_data comes again. A
     * CONNECT is always answered by on_complete; DATA before its success is refused with
     * FL_E_UNAUTHORIZED unless the type has no CONNECT (TCP, HTTP), where the host authenticates
     * with the data itself. */
    fl_status (*deliver)(void* ctx, fl_conn* conn, const fl_transport_message* message,
                         const fl_delivery* delivery);

    /* Gives up an exactly-once key, durably; FL_PENDING and on_complete(token), or FL_OK when the
     * key was not held. */
    fl_status (*release)(void* ctx, fl_conn* conn, fl_str once_key, uint64_t token);

    /* A message given to send() reached the peer as far as the transport can tell (written;
     * acknowledged for QoS 1/2), or did not. Exactly once per send that returned FL_PENDING. */
    void (*sent)(void* ctx, fl_conn* conn, uint64_t token, fl_status status);

    /* Closes after the output is flushed; on_close follows, not before this call returns. */
    void (*close)(void* ctx, fl_conn* conn, uint32_t reason, fl_str text);

    /* One-shot timer `id`, replacing its predecessor; 0 ms cancels. Resolution 10 ms or better. */
    void (*set_timer)(void* ctx, fl_conn* conn, uint32_t id, uint64_t milliseconds);

    /* Counts a protocol violation or a refused message under `what` (a short constant such as
     * "malformed_packet") in metrics and the rate-limited log. */
    void (*report)(void* ctx, fl_conn* conn, fl_str what, fl_str detail);

    /* Bytes of output not yet written to the socket. */
    size_t (*output_bytes)(void* ctx, fl_conn* conn);

    /* Durable small state of a client across connections (MQTT session): a blob of at most 64 KiB
     * under a key of this component. put and remove are stored with the next commit; get reads what
     * was put last. FL_E_NOT_FOUND from get. `out` is valid until this call's caller returns. */
    fl_status (*state_put)(void* ctx, fl_str key, fl_bytes value);
    fl_status (*state_get)(void* ctx, fl_str key, fl_bytes* out);
    fl_status (*state_remove)(void* ctx, fl_str key);

    /* Members of client types, younger than the rest (see size). */

    /* FL_E_UNSUPPORTED when the connection was not dialled. */
    fl_status (*dialed)(void* ctx, fl_conn* conn, fl_dialed* out);

    /* The type has logged in at the peer: only now does the target count as connected, when the
     * type has FL_NETWORK_CONNECT. What close() says before is shown as the reason why it is not.
     */
    void (*ready)(void* ctx, fl_conn* conn);
} fl_network_host;

typedef struct fl_network {
    uint32_t size;
    uint32_t flags;
    void* self;

    /* [control] All connections are closed before. */
    void (*destroy)(void* self);

    /* A new connection; `*state` is the plugin's, passed to all further calls.
     * [io, connection-serial] */
    fl_status (*on_open)(void* self, fl_conn* conn, const fl_peer* peer, void** state, fl_err* err);

    /* Bytes from the peer. `*consumed` says how many were used; the host keeps the rest and gives
     * it again in front of what comes next. Below 0 closes with FL_CLOSE_PROTOCOL. Kept bytes are
     * also given again, with nothing new behind them, after an on_complete of this connection and
     * when there is room after deliver answered FL_E_BUSY: a type that must wait leaves its bytes.
     * For datagram types one call is one datagram, see above. [io, connection-serial] */
    fl_status (*on_data)(void* self, fl_conn* conn, void* state, fl_bytes in, size_t* consumed,
                         fl_err* err);

    /* Timer `id` fired. [io, connection-serial] */
    void (*on_timer)(void* self, fl_conn* conn, void* state, uint32_t id);

    /* Result of a deliver or release that returned FL_PENDING. [io, connection-serial] */
    void (*on_complete)(void* self, fl_conn* conn, void* state, uint64_t token,
                        const fl_completion* completion);

    /* Downlink. FL_OK: written, nothing follows. FL_PENDING: host->sent(token) follows.
     * FL_E_UNSUPPORTED, FL_E_LIMIT (in-flight window full), FL_E_BUSY. [io, connection-serial] */
    fl_status (*send)(void* self, fl_conn* conn, void* state, const fl_transport_message* message,
                      uint64_t token, fl_err* err);

    /* The host is about to close: write a last packet if the type has one.
     * [io, connection-serial] */
    void (*on_shutdown)(void* self, fl_conn* conn, void* state, uint32_t reason);

    /* Over; release `state`. [io, connection-serial] */
    void (*on_close)(void* self, fl_conn* conn, void* state, uint32_t reason);

    /* Instance extension by id, or NULL. [any-thread] */
    const void* (*get_extension)(void* self, const char* id);
} fl_network;

/* fl_network_descriptor.flags */
enum {
    FL_NETWORK_STREAM = 1,
    FL_NETWORK_DATAGRAM = 2,
    /* The host dials out instead of listening, to remoteHost and remotePort, or to each entry of
     * `targets` when the type's schema has such a list of objects with `host` and `port`; it opens
     * a connection for each and dials again when one ends. */
    FL_NETWORK_CLIENT = 4,
    FL_NETWORK_TLS = 8,
    FL_NETWORK_DTLS = 16,
    FL_NETWORK_SHARED = 32, /* several gateways may use one component */
    /* The type has a CONNECT message that authenticates; of a client type: it logs in at the peer
     * and calls ready() then. */
    FL_NETWORK_CONNECT = 64,
    /* Client types: a connection carries messages of many devices (a broker). The peer has checked
     * who they are: each message is identified, none is authenticated. */
    FL_NETWORK_RELAY = 128
};

typedef struct fl_network_descriptor {
    uint32_t size;
    uint32_t flags;
    fl_str id;            /* "mqtt-server" */
    fl_str transport;     /* "MQTT" */
    fl_str scheme;        /* "mqtt" */
    fl_str secure_scheme; /* "mqtts" */
    fl_str name;          /* JSON texts by locale */
    fl_str description;   /* JSON texts by locale */
    /* JSON Schema (draft-04 subset) of the type's own settings; the host adds host, port,
     * publicHost, publicPort, secure, certificateId and its limits; for client types remoteHost and
     * remotePort (unless the schema has `targets`), TLS and the times of dialling. */
    fl_str schema;
} fl_network_descriptor;

typedef struct fl_network_factory {
    uint32_t size;
    uint32_t (*count)(void);                                  /* [any-thread] */
    const fl_network_descriptor* (*describe)(uint32_t index); /* static until deinit [any-thread] */
    /* `config` is the component's JSON configuration. `io` is valid until destroy. [control] */
    fl_status (*create)(const fl_host* host, const fl_network_host* io, fl_str id, fl_str config,
                        fl_network* out, fl_err* err);
} fl_network_factory;

#ifdef __cplusplus
}
#endif
#endif
