// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "component_rules.hpp"
#include "fairlead/network/components.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace fairlead::network {

class ComponentsService final : public Components {
public:
    explicit ComponentsService(ComponentsParts parts);
    ~ComponentsService() override;

    base::Status start() override;
    void stop() override;
    std::vector<ComponentType> types() override;
    base::Result<ComponentPage> list(const ComponentQuery& query) override;
    base::Result<NetworkComponent> get(const std::string& id) override;
    ComponentStatus status(const std::string& id) override;
    std::vector<ComponentUse> usedBy(const std::string& id) override;
    base::Result<NetworkComponent> create(const NewComponent& input) override;
    base::Result<NetworkComponent> change(const std::string& id, const ComponentChange& change,
                                          std::int64_t expected_version) override;
    base::Status remove(const std::string& id, std::int64_t expected_version) override;
    base::Result<NetworkComponent> enable(const std::string& id) override;
    base::Result<NetworkComponent> disable(const std::string& id) override;
    void setHandler(const std::string& id, Handler* handler) override;
    void certificateChanged(const std::string& certificate_id) override;
    std::vector<ComponentUse> certificateUsedBy(const std::string& certificate_id) override;
    void typesChanged() override;
    void onUsedBy(std::function<std::vector<ComponentUse>(const std::string&)> provider) override;
    void onChange(std::function<void(const std::string&)> listener) override;

private:
    using Clock = std::chrono::steady_clock;

    /// What runs of a component, guarded by state_.
    struct Running {
        RunState state = RunState::Stopped;
        std::string last_error;
        std::string address;
        std::string local_address;
        std::string certificate_id; ///< in use; empty: plain
        ClientCertificate client_certificates = ClientCertificate::No;
        bool dtls = false;
        bool psk = false;
        std::optional<ClientSettings> client; ///< of client types
        bool retry = false;
        int attempts = 0;
        Clock::time_point retry_at{};
    };

    base::Result<NetworkComponent> load(const std::string& id);
    base::Status save(NetworkComponent& component);
    base::Status checkCertificates(const NetworkComponent& component);
    base::Result<NetworkComponent> shown(NetworkComponent component);
    /// Opens it in the engine; keeps the outcome in running_. Holds operations_.
    base::Status open(const NetworkComponent& component);
    base::Status tryOpen(const NetworkComponent& component, Running& running);
    base::Result<std::shared_ptr<TlsContext>> tlsOf(const ServerSettings& settings);
    void keepFailure(const NetworkComponent& component, const base::Error& error, bool retry);
    void closeEngine(const std::string& id);
    base::Status applyChange(NetworkComponent& component, const ComponentChange& change,
                             const NetworkType* type);
    void restart(const NetworkComponent& component, const NetworkComponent& before);
    void changed(const std::string& id);

    void runRetries();
    std::vector<std::string> dueRetries(Clock::time_point now);
    void retry(const std::string& id);

    ComponentsParts parts_;
    std::function<std::vector<ComponentUse>(const std::string&)> used_by_;
    std::function<void(const std::string&)> listener_;
    std::mutex operations_; ///< one change at a time; may be held for seconds
    std::mutex state_;      ///< guards what follows; held shortly
    std::map<std::string, Running> running_;
    bool stopping_ = false;
    std::condition_variable wake_;
    std::thread retries_;
};

} // namespace fairlead::network
