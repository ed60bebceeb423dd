// SPDX-License-Identifier: Apache-2.0
#include "schema.hpp"

namespace fairlead::device {

std::vector<storage::Migration> deviceMigrations() {
    return {
        {1,
         "products and devices",
         {
             "CREATE TABLE products (id {id} NOT NULL PRIMARY KEY, name {name} NOT NULL, "
             "description {description} NOT NULL, kind {id} NOT NULL, gateway_id {id} NOT NULL, "
             "protocol_id {id} NOT NULL, thing_model {json} NOT NULL, configuration {json} NOT "
             "NULL, keep_alive_seconds {int} NOT NULL, published {bool} NOT NULL, version {int} "
             "NOT NULL, created_at {int} NOT NULL, updated_at {int} NOT NULL)",
             "CREATE INDEX products_name ON products (name, id)",
             "CREATE INDEX products_created ON products (created_at, id)",
             "CREATE INDEX products_gateway ON products (gateway_id)",
             "CREATE INDEX products_protocol ON products (protocol_id)",

             // device_key grows with every device made, so it is also the order of creation.
             "CREATE TABLE devices (device_key {auto}, id {id} NOT NULL, name {name} NOT NULL, "
             "description {description} NOT NULL, product_id {id} NOT NULL, parent_id {id} NOT "
             "NULL, state {int} NOT NULL, configuration {json} NOT NULL, address {text} NOT NULL, "
             "gateway_id {id} NOT NULL, session_node {id} NOT NULL, online_at {int} NOT NULL, "
             "offline_at {int} NOT NULL, last_seen_at {int} NOT NULL, version {int} NOT NULL, "
             "created_at {int} NOT NULL, updated_at {int} NOT NULL)",
             "CREATE UNIQUE INDEX devices_id ON devices (id)",
             "CREATE INDEX devices_name ON devices (name, device_key)",
             "CREATE INDEX devices_product ON devices (product_id, device_key)",
             "CREATE INDEX devices_product_state ON devices (product_id, state, device_key)",
             "CREATE INDEX devices_state ON devices (state, device_key)",
             "CREATE INDEX devices_parent ON devices (parent_id, device_key)",

             "CREATE TABLE device_tags (device_key {int} NOT NULL, tag_key {name} NOT NULL, "
             "tag_value {description} NOT NULL, PRIMARY KEY (device_key, tag_key))",
             "CREATE INDEX device_tags_value ON device_tags (tag_key, tag_value, device_key)",

             // Kept with every change: counting a million devices takes 20 to 60 ms each time.
             "CREATE TABLE device_counts (product_id {id} NOT NULL, state {int} NOT NULL, "
             "device_count {int} NOT NULL, PRIMARY KEY (product_id, state))",
         }},
    };
}

std::vector<storage::Migration> historyMigrations(storage::Dialect dialect) {
    // InnoDB tables lie in the order of their primary key; SQLite's do with this.
    const std::string clustered = dialect == storage::Dialect::Sqlite ? " WITHOUT ROWID" : "";
    const std::string chunk =
        " (day {int} NOT NULL, device_key {int} NOT NULL, t0 {int} NOT NULL, sequence {int} NOT "
        "NULL, t1 {int} NOT NULL, entries {int} NOT NULL, data {blob} NOT NULL, PRIMARY KEY (day, "
        "device_key, t0, sequence))";
    return {
        {1,
         "history and journal",
         {
             "CREATE TABLE property_chunks" + chunk + clustered,
             "CREATE TABLE message_chunks" + chunk + clustered,
             "CREATE TABLE device_events (day {int} NOT NULL, device_key {int} NOT NULL, "
             "event_at {int} NOT NULL, sequence {int} NOT NULL, event {text} NOT NULL, data {json} "
             "NOT NULL, PRIMARY KEY (day, device_key, event_at, sequence))" +
                 clustered,
             "CREATE TABLE history_days (kind {int} NOT NULL, day {int} NOT NULL, PRIMARY KEY "
             "(kind, day))" +
                 clustered,
             "CREATE TABLE device_latest (device_key {int} NOT NULL PRIMARY KEY, data {blob} NOT "
             "NULL)",
             "CREATE TABLE once_keys (hash {id} NOT NULL PRIMARY KEY, node_id {id} NOT NULL, scope "
             "{blob} NOT NULL, once_key {blob} NOT NULL, generation {int} NOT NULL, held_at {int} "
             "NOT NULL)",
             "CREATE INDEX once_keys_node ON once_keys (node_id, held_at)",
             "CREATE TABLE client_states (hash {id} NOT NULL PRIMARY KEY, node_id {id} NOT NULL, "
             "scope {blob} NOT NULL, state_key {blob} NOT NULL, data {blob} NOT NULL)",
             "CREATE INDEX client_states_node ON client_states (node_id)",
             "CREATE TABLE journal_checkpoints (node_id {id} NOT NULL PRIMARY KEY, node_number "
             "{int} NOT NULL, segment {int} NOT NULL, position {int} NOT NULL, sequence {int} NOT "
             "NULL, updated_at {int} NOT NULL)",
             "CREATE UNIQUE INDEX journal_checkpoints_node ON journal_checkpoints (node_number)",
         }},
    };
}

} // namespace fairlead::device
