// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugin_port.hpp"

#include "fairlead/gateway/protocols.hpp"
#include "fairlead/gateway/runtime.hpp"
#include "fairlead/plugin/descriptors.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::gateway {

/// Protocols over the plugin manager. One lock serialises changes; reads take it briefly.
class ProtocolsService final : public Protocols {
public:
    explicit ProtocolsService(const Parts& parts) : parts_(parts) {}

    base::Status start();

    base::Result<ProtocolPage> list(const ProtocolQuery& query) override;
    base::Result<Protocol> get(const std::string& id) override;
    ProtocolStatus status(const Protocol& protocol) override;
    std::vector<UsedBy> usedBy(const std::string& id) override;
    base::Result<Protocol> create(const NewProtocol& input) override;
    base::Result<Protocol> change(const std::string& id, const ProtocolChange& change,
                                  std::int64_t expected_version) override;
    base::Status remove(const std::string& id, std::int64_t expected_version) override;
    base::Result<Protocol> enable(const std::string& id) override;
    base::Result<Protocol> disable(const std::string& id) override;
    base::Result<std::string> tryDecode(const std::string& id, const DecodeTrial& trial) override;
    base::Result<std::string> tryEncode(const std::string& id, const std::string& transport,
                                        const std::string& device_message) override;
    base::Result<std::string> configurationSchema(const std::string& id,
                                                  const std::string& transport) override;

    /// The protocol at work for gateways; bound on first use. Errors say why it cannot run.
    base::Result<std::shared_ptr<ProtocolPort>> port(const std::string& id);
    /// What the plugin says about it; nothing while the plugin is not running.
    std::optional<plugin::ProtocolDescriptor> descriptor(const Protocol& protocol) const;

private:
    base::Status recordBuiltins();
    void loadEnabled();
    base::Result<std::filesystem::path> fileOf(const Protocol& protocol) const;
    base::Result<plugin::ProtocolDescriptor> loadFile(const Protocol& protocol);
    base::Result<Protocol> store(Protocol protocol, std::int64_t expected);
    base::Result<std::unique_ptr<plugin::ProtocolInstance>> trialInstance(const Protocol& protocol);

    const Parts& parts_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<ProtocolPort>> ports_;
    std::map<std::string, std::string> errors_; ///< why a protocol does not run
};

/// The routes of a transport as the JSON array of ProtocolStatus and GatewayStatus.
std::string routesJson(const plugin::TransportDescriptor& transport);

} // namespace fairlead::gateway
