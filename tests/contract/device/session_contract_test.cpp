// SPDX-License-Identifier: Apache-2.0
// Sessions, commands, live feed.
#include "device_contract_support.hpp"

#include <atomic>

using namespace fairlead;
using namespace fairlead::device;
using namespace device_contract;
using base::Errc;

void DeviceContract::followsPresence() {
    const DevicePtr device = makeDevice("d1");
    auto link = std::make_shared<FakeLink>();
    SessionInfo info;
    info.gateway_id = "gw1";
    info.transport = "MQTT";
    info.address = "192.0.2.1:4711";
    const SessionPtr session = module_->sessions().open(device, link, info);
    Device read = must(module_->devices().get("d1"));
    CPPUNIT_ASSERT(read.state == DeviceState::Online);
    CPPUNIT_ASSERT_EQUAL(std::string{"192.0.2.1:4711"}, read.address);
    CPPUNIT_ASSERT_EQUAL(std::string{"node-1"}, read.session_node);
    CPPUNIT_ASSERT_EQUAL(std::size_t{1}, module_->sessions().countOfGateway("gw1"));
    CPPUNIT_ASSERT(module_->sessions().ofGateway("gw1", 0, 10).at(0) == session);
    CPPUNIT_ASSERT(module_->sessions().ofGateway("gw1", 1, 10).empty());
    module_->sessions().close(session, CloseReason::Peer);
    module_->sessions().close(session, CloseReason::Peer);
    CPPUNIT_ASSERT(link->closed.empty());
    CPPUNIT_ASSERT_EQUAL(std::size_t{0}, module_->sessions().count());
    read = must(module_->devices().get("d1"));
    CPPUNIT_ASSERT(read.state == DeviceState::Offline);
    module_->sessions().open(device, link, info);
    mustDo(module_->devices().disconnect("d1"));
    CPPUNIT_ASSERT(link->closed == std::vector{CloseReason::Kicked});
    module_->sessions().open(device, link, info);
    shut(); // writes the states
    open();
    read = must(module_->devices().get("d1"));
    CPPUNIT_ASSERT(read.online_at > 0 && read.offline_at >= read.online_at);
    CPPUNIT_ASSERT(read.last_seen_at >= read.online_at);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, must(module_->devices().counts()).offline);
    MessageQuery messages;
    messages.device_id = "d1";
    messages.kind = FL_DEVICE_OFFLINE;
    const auto lines = must(module_->messageLog().messages(messages)).items;
    CPPUNIT_ASSERT_EQUAL(std::size_t{3}, lines.size());
    CPPUNIT_ASSERT_EQUAL(std::string{"server or gateway stopped"}, lines[0].summary);
}

void DeviceContract::setsDevicesOfflineAtTheStart() {
    makeDevice("d1");
    makeDevice("d2");
    // As a crash leaves it: online on this node and on another one.
    mustDo(database_->write([](storage::Session& session) -> base::Status {
        FL_TRY(session.execute("UPDATE devices SET state = 2, session_node = 'node-1' WHERE id = "
                               "'d1'"));
        FL_TRY(session.execute("UPDATE devices SET state = 2, session_node = 'node-2' WHERE id = "
                               "'d2'"));
        FL_TRY(session.execute("UPDATE device_counts SET device_count = 0 WHERE state = 1"));
        FL_TRY(session.execute("INSERT INTO device_counts (product_id, state, device_count) VALUES "
                               "('p1', 2, 2)"));
        return {};
    }));
    shut();
    open();
    CPPUNIT_ASSERT(must(module_->devices().get("d1")).state == DeviceState::Offline);
    CPPUNIT_ASSERT(must(module_->devices().get("d2")).state == DeviceState::Online);
    const DeviceCounts counts = must(module_->devices().counts());
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, counts.online);
    CPPUNIT_ASSERT_EQUAL(std::int64_t{1}, counts.offline);
}

void DeviceContract::takesOverSessions() {
    const DevicePtr device = makeDevice("d1");
    std::vector<std::string> states;
    const auto watch = must(module_->feed().watchStates(
        [&states](const std::string& json) { states.push_back(json); }));
    auto first = std::make_shared<FakeLink>();
    auto second = std::make_shared<FakeLink>();
    const SessionPtr old = module_->sessions().open(device, first, SessionInfo{});
    const SessionPtr fresh = module_->sessions().open(device, second, SessionInfo{});
    CPPUNIT_ASSERT(first->closed == std::vector{CloseReason::TakenOver});
    module_->sessions().close(old, CloseReason::Peer);
    CPPUNIT_ASSERT(module_->sessions().find("d1") == fresh);
    module_->sessions().close(fresh, CloseReason::Peer);
    module_->feed().unwatch(watch);
    CPPUNIT_ASSERT_EQUAL(std::size_t{3}, states.size());
    CPPUNIT_ASSERT(states[0].find("online") != std::string::npos);
    CPPUNIT_ASSERT(states[1].find("online") != std::string::npos);
    CPPUNIT_ASSERT(states[2].find("offline") != std::string::npos);
    CPPUNIT_ASSERT(second->closed.empty());
}

void DeviceContract::endsChildrenWithTheirGateway() {
    makeProduct("gp", DeviceKind::Gateway);
    makeProduct("cp", DeviceKind::Child);
    const DevicePtr gateway = makeDevice("g1", "gp");
    const DevicePtr child = makeDevice("c1", "cp", "g1");
    auto link = std::make_shared<FakeLink>();
    const SessionPtr parent = module_->sessions().open(gateway, link, SessionInfo{});
    const SessionPtr session = module_->sessions().openChild(child, parent);
    CPPUNIT_ASSERT_EQUAL(std::string{"g1"}, session->parentId());
    CPPUNIT_ASSERT(module_->sessions().openChild(child, parent) == session);
    CPPUNIT_ASSERT_EQUAL(std::size_t{2}, module_->sessions().count());
    mustDo(module_->devices().disconnect("c1"));
    CPPUNIT_ASSERT(link->closed.empty()); // the gateway device stays
    module_->sessions().openChild(child, parent);
    module_->sessions().close(parent, CloseReason::Peer);
    CPPUNIT_ASSERT_EQUAL(std::size_t{0}, module_->sessions().count());
    CPPUNIT_ASSERT(must(module_->devices().get("c1")).state == DeviceState::Offline);
    // A message of a child that comes late does not bring it online behind nobody.
    module_->sessions().openChild(child, parent);
    CPPUNIT_ASSERT_EQUAL(std::size_t{0}, module_->sessions().count());
}

void DeviceContract::commandsADevice() {
    const DevicePtr device = makeDevice("d1");
    auto link = std::make_shared<FakeLink>();
    link->onMessage = [&](const OwnedMessage& command) {
        Report reply(command.kind == FL_DEVICE_READ_PROPERTY    ? FL_DEVICE_READ_PROPERTY_REPLY
                     : command.kind == FL_DEVICE_WRITE_PROPERTY ? FL_DEVICE_WRITE_PROPERTY_REPLY
                                                                : FL_DEVICE_INVOKE_FUNCTION_REPLY);
        // The function's reply comes without an id: it answers the oldest that waits.
        reply.message.message_id =
            reply.message.kind == FL_DEVICE_INVOKE_FUNCTION_REPLY ? "" : command.message_id;
        if (command.kind == FL_DEVICE_INVOKE_FUNCTION) {
            reply.message.flags = FL_DEVICE_FAILED;
            reply.message.code = "BUSY";
            reply.message.text = "not now";
        } else {
            reply.value("on", DataValue::boolean(true));
        }
        CPPUNIT_ASSERT(submit(device, reply) == Admission::Accepted);
    };
    module_->sessions().open(device, link, SessionInfo{});
    CommandReply reply = must(module_->commands().readProperties("d1", {"on"}));
    CPPUNIT_ASSERT(reply.success);
    CPPUNIT_ASSERT_EQUAL(std::string{"on"}, reply.properties.at(0).first);
    CPPUNIT_ASSERT_EQUAL(link->messages.at(0).message_id, reply.message_id);
    reply = must(module_->commands().writeProperties("d1", {{"on", DataValue::text("true")}}));
    CPPUNIT_ASSERT(reply.success);
    CPPUNIT_ASSERT_EQUAL(std::string{"true"},
                         DataValue{link->messages.at(1).properties().at(0).value}.toJson());
    CPPUNIT_ASSERT_EQUAL(std::string{"On"}, must(module_->devices().properties("d1")).at(2).text);
    reply = must(
        module_->commands().invokeFunction("d1", "reboot", {{"delay", DataValue::integer(5)}}));
    CPPUNIT_ASSERT(!reply.success);
    CPPUNIT_ASSERT_EQUAL(std::string{"BUSY"}, reply.code);
    CPPUNIT_ASSERT_EQUAL(std::string{"not now"}, reply.message);
    CPPUNIT_ASSERT_EQUAL(std::size_t{0}, module_->commands().waiting());
    link->onMessage = nullptr;
    reply = must(module_->commands().invokeFunction("d1", "later", {}));
    CPPUNIT_ASSERT_EQUAL(std::string{"REQUEST_HANDLING"}, reply.code);
    awaitCompletions(3);
}

void DeviceContract::refusesBadCommands() {
    makeDevice("d1");
    Commands& commands = module_->commands();
    const auto code = [](const base::Result<CommandReply>& result) {
        CPPUNIT_ASSERT(!result);
        return std::string{deviceCode(result.error())};
    };
    CPPUNIT_ASSERT_EQUAL(std::string{"device.unknown"},
                         codeOf(commands.readProperties("none", {"on"})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PROPERTY_UNDEFINED"},
                         code(commands.readProperties("d1", {"nope"})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.readProperties("d1", {"mode"})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.writeProperties("d1", {{"temp", DataValue::number(1)}})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.writeProperties("d1", {{"on", DataValue::text("?")}})));
    CPPUNIT_ASSERT_EQUAL(std::string{"FUNCTION_UNDEFINED"},
                         code(commands.invokeFunction("d1", "explode", {})));
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.invokeFunction("d1", "reboot", {})));
    CPPUNIT_ASSERT_EQUAL(
        std::string{"PARAMETER_UNDEFINED"},
        code(commands.invokeFunction("d1", "reboot", {{"x", DataValue::integer(1)}})));
    CPPUNIT_ASSERT_EQUAL(std::string{"CLIENT_OFFLINE"},
                         code(commands.readProperties("d1", {"on"})));
    CommandOptions options;
    options.timeout_ms = 300'001;
    CPPUNIT_ASSERT_EQUAL(std::string{"PARAMETER_ERROR"},
                         code(commands.readProperties("d1", {"on"}, options)));
    must(module_->devices().deactivate("d1"));
    CPPUNIT_ASSERT_EQUAL(std::string{"device.inactive"},
                         codeOf(commands.readProperties("d1", {"on"})));
}

void DeviceContract::endsCommandsInTime() {
    const DevicePtr device = makeDevice("d1");
    auto link = std::make_shared<FakeLink>();
    module_->sessions().open(device, link, SessionInfo{});
    Commands& commands = module_->commands();
    CommandOptions options;
    options.timeout_ms = 20;
    const auto late = commands.readProperties("d1", {"on"}, options);
    CPPUNIT_ASSERT_EQUAL(std::string{"device.timeout"}, codeOf(late));
    // Its reply comes too late and answers nobody.
    Report reply(FL_DEVICE_READ_PROPERTY_REPLY);
    reply.message.message_id = link->messages.at(0).message_id;
    store(device, reply);
    link->answer = base::Error{Errc::Unsupported, "no"};
    CPPUNIT_ASSERT_EQUAL(std::string{"UNSUPPORTED_MESSAGE"},
                         std::string{deviceCode(commands.readProperties("d1", {"on"}).error())});
    link->answer = base::Error{Errc::Closed, "gone"};
    CPPUNIT_ASSERT_EQUAL(std::string{"CONNECTION_LOST"},
                         std::string{deviceCode(commands.readProperties("d1", {"on"}).error())});
    // Bounded per device; what waits at the end is told so.
    link->answer = {};
    std::atomic<int> lost{0};
    for (std::size_t i = 0; i < kCommandsPerDeviceMax; ++i) {
        commands.readProperties("d1", {"on"}, CommandOptions{},
                                [&lost](base::Result<CommandReply> result) {
                                    lost += codeOf(result) == "device.connection_lost" ? 1 : 0;
                                });
    }
    CPPUNIT_ASSERT_EQUAL(std::string{"device.busy"}, codeOf(commands.readProperties("d1", {"on"})));
    shut();
    CPPUNIT_ASSERT_EQUAL(static_cast<int>(kCommandsPerDeviceMax), lost.load());
    open();
}

void DeviceContract::reachesChildren() {
    makeProduct("gp", DeviceKind::Gateway);
    makeProduct("cp", DeviceKind::Child);
    const DevicePtr gateway = makeDevice("g1", "gp");
    const DevicePtr child = makeDevice("c1", "cp", "g1");
    auto link = std::make_shared<FakeLink>();
    link->onMessage = [&](const OwnedMessage& command) {
        CPPUNIT_ASSERT_EQUAL(std::string{"c1"}, command.device_id);
        CPPUNIT_ASSERT_EQUAL(std::string{"g1"}, command.parent_id);
        Report reply(FL_DEVICE_READ_PROPERTY_REPLY);
        reply.message.message_id = command.message_id;
        submit(child, reply);
    };
    const SessionPtr parent = module_->sessions().open(gateway, link, SessionInfo{});
    CPPUNIT_ASSERT(must(module_->commands().readProperties("c1", {"on"})).success);
    module_->sessions().openChild(child, parent);
    CPPUNIT_ASSERT(must(module_->commands().readProperties("c1", {"on"})).success);
    awaitCompletions(2);
}

void DeviceContract::feedsThePages() {
    const DevicePtr device = makeDevice("d1");
    const DevicePtr other = makeDevice("d2");
    std::vector<std::string> events;
    const auto watch = must(module_->feed().watchDevice(
        "d1", [&events](const std::string& json) { events.push_back(json); }));
    store(device, Report{}.time(kNoon).value("temp", DataValue::number(1.5)));
    store(other, Report{}.time(kNoon).value("temp", DataValue::number(2.5)));
    CPPUNIT_ASSERT_EQUAL(std::size_t{2}, events.size());
    CPPUNIT_ASSERT_EQUAL(
        std::string{R"({"kind":"property","id":"temp","value":1.5,"text":"1.5 °C",)"
                    R"("time":"2023-11-14T22:13:20.000Z","quality":"good"})"},
        events[0]);
    CPPUNIT_ASSERT(events[1].find(R"({"kind":"message","message":{)") == 0);
    CPPUNIT_ASSERT(events[1].find(R"("summary":"temp=1.5")") != std::string::npos);
    Report fire(FL_DEVICE_EVENT);
    fire.message.name = "fire";
    fire.message.setData(DataValue::json(R"({"lvl":1})").view());
    store(device, fire);
    CPPUNIT_ASSERT(events[2].find(R"("level":"urgent","data":{"lvl":1})") != std::string::npos);
    module_->sessions().open(device, std::make_shared<FakeLink>(), SessionInfo{});
    CPPUNIT_ASSERT(events.back().find(R"("kind":"state","state":"online")") != std::string::npos);
    module_->feed().unwatch(watch);
    const std::size_t before = events.size();
    store(device, Report{}.value("temp", DataValue::number(3)));
    CPPUNIT_ASSERT_EQUAL(before, events.size());
}
