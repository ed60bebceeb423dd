// SPDX-License-Identifier: Apache-2.0
#include "fairlead/gateway/runtime.hpp"

#include "gateways_service.hpp"
#include "loop_context.hpp"
#include "protocols_service.hpp"
#include "repository.hpp"

namespace fairlead::gateway {

namespace {

class RuntimeImpl final : public Runtime {
public:
    explicit RuntimeImpl(Parts parts)
        : parts_(std::move(parts)), contexts_(makeContexts(parts_)), protocols_(parts_),
          gateways_(parts_, protocols_, contexts_) {}

    base::Status start() override {
        FL_TRY(migrateGateways(*parts_.database));
        FL_TRY(protocols_.start());
        gateways_.start();
        return {};
    }
    void stop() override { gateways_.stop(); }

    Gateways& gateways() override { return gateways_; }
    Protocols& protocols() override { return protocols_; }

    std::vector<UsedBy> gatewaysOfComponent(const std::string& component_id) override {
        std::vector<UsedBy> out;
        const base::Status read =
            parts_.database->read([&](storage::Session& session) -> base::Status {
                FL_ASSIGN(out, gatewaysWhere(session, "network_component_id", component_id));
                return {};
            });
        // When the question cannot be answered, nobody is told that nobody uses it.
        return read ? out : std::vector<UsedBy>{{"gateway", "", "?"}};
    }

private:
    static std::vector<std::unique_ptr<LoopContext>> makeContexts(const Parts& parts) {
        std::vector<std::unique_ptr<LoopContext>> out;
        for (runtime::Loop* loop : parts.loops) {
            FL_ASSERT(loop->index() == out.size());
            out.push_back(std::make_unique<LoopContext>(*loop, *parts.ingest));
        }
        return out;
    }

    const Parts parts_;
    std::vector<std::unique_ptr<LoopContext>> contexts_;
    ProtocolsService protocols_;
    GatewaysService gateways_;
};

} // namespace

std::unique_ptr<Runtime> makeRuntime(Parts parts) {
    return std::make_unique<RuntimeImpl>(std::move(parts));
}

} // namespace fairlead::gateway
