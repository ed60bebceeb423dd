// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "component_handler.hpp"
#include "protocols_service.hpp"

#include "fairlead/gateway/gateways.hpp"
#include "fairlead/gateway/runtime.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace fairlead::gateway {

/// Gateways: the table, the rules, and the bindings on the components' handlers. Changes are
/// serialised by one lock, which is never taken on a loop.
class GatewaysService final : public Gateways {
public:
    GatewaysService(const Parts& parts, ProtocolsService& protocols,
                    std::vector<std::unique_ptr<LoopContext>>& contexts)
        : parts_(parts), protocols_(protocols), contexts_(contexts) {}

    void start();
    void stop();

    std::vector<Provider> providers() override;
    base::Result<GatewayPage> list(const GatewayQuery& query) override;
    base::Result<Gateway> get(const std::string& id) override;
    GatewayStatus status(const Gateway& gateway) override;
    std::vector<UsedBy> usedBy(const std::string& id) override;
    base::Result<Gateway> create(const NewGateway& input) override;
    base::Result<Gateway> change(const std::string& id, const GatewayChange& change,
                                 std::int64_t expected_version) override;
    base::Status remove(const std::string& id, std::int64_t expected_version) override;
    base::Result<Gateway> enable(const std::string& id) override;
    base::Result<Gateway> disable(const std::string& id) override;
    std::vector<GatewaySession> sessions(const std::string& id, std::size_t offset,
                                         std::size_t limit) override;
    void onChange(std::function<void(const std::string&)> listener) override {
        listener_ = std::move(listener);
    }

private:
    base::Status check(const Gateway& gateway);
    base::Status checkShared(const Gateway& gateway, const Provider& provider);
    base::Result<Provider> providerById(const std::string& id);
    base::Status bind(const Gateway& gateway);
    void unbind(const Gateway& gateway);
    void publishBindings(const std::string& component_id);
    void addUpstream(const std::string& protocol_id, const std::string& transport,
                     std::vector<std::string>& routes);
    void publishRoutes(const std::string& component_id, const BindingList& list);
    void closeSessions(const std::string& gateway_id);
    base::Result<Gateway> store(Gateway gateway, std::int64_t expected);
    void changed(const std::string& id);

    const Parts& parts_;
    ProtocolsService& protocols_;
    std::vector<std::unique_ptr<LoopContext>>& contexts_;
    std::function<void(const std::string&)> listener_;
    std::mutex control_;                                                ///< one change at a time
    std::mutex mutex_;                                                  ///< the maps
    std::map<std::string, BindingPtr> bindings_;                        ///< by gateway
    std::map<std::string, std::unique_ptr<ComponentHandler>> handlers_; ///< by component
    std::map<std::string, std::string> errors_;
};

} // namespace fairlead::gateway
