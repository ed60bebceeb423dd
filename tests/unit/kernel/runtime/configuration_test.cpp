// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/configuration.hpp"

#include "fairlead/test/temp_dir.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

using namespace fairlead::runtime;

namespace {

std::string messageOf(const std::string& yaml, const Configuration::Environment& environment = {}) {
    const auto result = Configuration::parse(yaml, environment);
    return result ? std::string{} : result.error().message();
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

class ConfigurationTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(ConfigurationTest);
    CPPUNIT_TEST(tableIsSound);
    CPPUNIT_TEST(fileAgreesWithTable);
    CPPUNIT_TEST(readsFileThenEnvironment);
    CPPUNIT_TEST(namesTheNearestKey);
    CPPUNIT_TEST(reportsAllMistakesAtOnce);
    CPPUNIT_TEST(reportsSyntaxWithItsLine);
    CPPUNIT_TEST(neverRepeatsSecrets);
    CPPUNIT_TEST(checksSettingsTogether);
    CPPUNIT_TEST(readsLists);
    CPPUNIT_TEST(resolvesPaths);
    CPPUNIT_TEST(readsTheProcessEnvironment);
    CPPUNIT_TEST(failsWithoutItsFile);
    CPPUNIT_TEST_SUITE_END();

public:
    void tableIsSound() {
        std::set<std::string> keys;
        for (const Setting& setting : settings()) {
            const std::string key = setting.key;
            CPPUNIT_ASSERT_MESSAGE(key, keys.insert(key).second);
            CPPUNIT_ASSERT_MESSAGE(key, std::count(key.begin(), key.end(), '.') == 1);
            CPPUNIT_ASSERT_MESSAGE(key, std::string(setting.description).ends_with("."));
            CPPUNIT_ASSERT_MESSAGE(key, setting.type != SettingType::Integer ||
                                            setting.least < setting.most);
            if (setting.type != SettingType::List) {
                Configuration configuration;
                const auto status = configuration.set(key, setting.fallback);
                CPPUNIT_ASSERT_MESSAGE(key, status);
            }
        }
        CPPUNIT_ASSERT(keys.size() > 50);
    }

    void fileAgreesWithTable() {
        const auto path =
            std::filesystem::path(__FILE__).parent_path() / "../../../../conf/fairlead.yaml";
        std::ifstream in(path);
        CPPUNIT_ASSERT_MESSAGE(path.string(), static_cast<bool>(in));
        std::ostringstream text;
        text << in.rdbuf();
        if (text.str() != commentedSettings() && std::getenv("FAIRLEAD_UPDATE_FILES") != nullptr) {
            std::ofstream(path) << commentedSettings();
            return;
        }
        // With FAIRLEAD_UPDATE_FILES=1 in the environment this test writes the file.
        CPPUNIT_ASSERT_EQUAL(commentedSettings(), text.str());
        const auto parsed = Configuration::load(path, {});
        CPPUNIT_ASSERT_MESSAGE(parsed ? "" : parsed.error().message(), parsed);
        for (const Setting& setting : settings()) {
            CPPUNIT_ASSERT_MESSAGE(setting.key, parsed->origin(setting.key) == "file");
        }
    }

    void readsFileThenEnvironment() {
        const auto c = Configuration::parse("web:\n  port: 9000\ndatabase:\n  driver: mysql\n",
                                            {{"FAIRLEAD_WEB__PORT", "9001"},
                                             {"FAIRLEAD_DATABASE__PASSWORD_FILE", "/p"},
                                             {"FAIRLEAD_QUICKSTART__ENABLED", "false"},
                                             {"PATH", "/bin"}});
        CPPUNIT_ASSERT(c);
        CPPUNIT_ASSERT_EQUAL(std::int64_t{9001}, c->integer("web.port"));
        CPPUNIT_ASSERT_EQUAL(std::string("mysql"), c->text("database.driver"));
        CPPUNIT_ASSERT_EQUAL(std::string("/p"), c->path("database.passwordFile").string());
        CPPUNIT_ASSERT(!c->boolean("quickstart.enabled"));
        CPPUNIT_ASSERT(c->origin("web.port") == "environment");
        CPPUNIT_ASSERT(c->origin("database.driver") == "file");
        CPPUNIT_ASSERT(c->origin("web.address") == "default");
    }

    void namesTheNearestKey() {
        CPPUNIT_ASSERT(contains(messageOf("web:\n  prot: 1\n"), "\"web.prot\"; did you mean "
                                                                "\"web.port\"?"));
        CPPUNIT_ASSERT(contains(messageOf("webb:\n  port: 1\n"), "\"web.port\"?"));
        CPPUNIT_ASSERT(contains(messageOf("", {{"FAIRLEAD_WEB__PROT", "1"}}),
                                "FAIRLEAD_WEB__PROT: there is no such setting; did you mean the "
                                "one for \"web.port\"?"));
        CPPUNIT_ASSERT(contains(messageOf("", {{"FAIRLEAD_PORT", "1"}}), "FAIRLEAD_PORT"));
    }

    void reportsAllMistakesAtOnce() {
        const std::string message = messageOf("web:\n  port: 70000\n  threads: many\n"
                                              "database:\n  driver: oracle\n"
                                              "quickstart:\n  enabled: maybe\n  enabled: true\n"
                                              "network: 5\nlog:\n  level: [a]\n");
        CPPUNIT_ASSERT(contains(message, "line 2: web.port is 70000 and must be 0 to 65535"));
        CPPUNIT_ASSERT(contains(message, "line 3: web.threads must be a whole number"));
        CPPUNIT_ASSERT(contains(message, "line 5: database.driver must be one of sqlite|mysql"));
        CPPUNIT_ASSERT(contains(message, "line 7: quickstart.enabled must be true or false"));
        CPPUNIT_ASSERT(contains(message, "line 9: there is no setting \"network\""));
        CPPUNIT_ASSERT(contains(message, "line 11: log.level must be a single value"));
        CPPUNIT_ASSERT(contains(messageOf("web: {port: 1, port: 2}"), "web.port is given twice"));
    }

    void reportsSyntaxWithItsLine() {
        CPPUNIT_ASSERT(contains(messageOf("web:\n  port: [1\n"), "line "));
        CPPUNIT_ASSERT(contains(messageOf("just text"), "sections"));
        CPPUNIT_ASSERT(contains(messageOf("web: {[a]: 1}"), "line "));
        CPPUNIT_ASSERT(messageOf("").empty());
        CPPUNIT_ASSERT(messageOf("web:\n").empty());
    }

    void neverRepeatsSecrets() {
        const std::string message =
            messageOf("database:\n  password: [hunter2]\n", {{"FAIRLEAD_WEB__PORT", "x"}});
        CPPUNIT_ASSERT(!message.empty());
        CPPUNIT_ASSERT(!contains(message, "hunter2"));
    }

    void checksSettingsTogether() {
        CPPUNIT_ASSERT(contains(messageOf("web: {keyFile: a.pem}"), "go together"));
        CPPUNIT_ASSERT(contains(messageOf("ingest: {commitMessagesMax: 5000}"),
                                "must not be above ingest.pendingMessagesMax"));
    }

    void readsLists() {
        const auto file = Configuration::parse("plugins: {localRoots: [/a, /b]}");
        CPPUNIT_ASSERT(file);
        CPPUNIT_ASSERT(file->list("plugins.localRoots") == (std::vector<std::string>{"/a", "/b"}));
        const auto environment =
            Configuration::parse("", {{"FAIRLEAD_PLUGINS__LOCALROOTS", "/c,/d"}});
        CPPUNIT_ASSERT(environment->list("plugins.localRoots") ==
                       (std::vector<std::string>{"/c", "/d"}));
        CPPUNIT_ASSERT(Configuration().list("plugins.localRoots").empty());
        CPPUNIT_ASSERT(contains(messageOf("plugins: {localRoots: /a}"), "must be a list"));
    }

    void resolvesPaths() {
        const auto c = Configuration::parse("data: {directory: d}\ndatabase: {path: x.db}\n"
                                            "ingest: {journalDirectory: /fast}\n");
        CPPUNIT_ASSERT_EQUAL(std::string("d"), c->path("data.directory").string());
        CPPUNIT_ASSERT_EQUAL(std::string("d/x.db"), c->path("database.path").string());
        CPPUNIT_ASSERT_EQUAL(std::string("/fast"), c->path("ingest.journalDirectory").string());
        CPPUNIT_ASSERT(c->path("log.file").empty());
    }

    void readsTheProcessEnvironment() {
        CPPUNIT_ASSERT_EQUAL(0, setenv("FAIRLEAD_WEB__THREADS", "33", 1));
        const auto environment = Configuration::processEnvironment();
        CPPUNIT_ASSERT_EQUAL(0, unsetenv("FAIRLEAD_WEB__THREADS"));
        CPPUNIT_ASSERT_EQUAL(std::string("33"), environment.at("FAIRLEAD_WEB__THREADS"));
        CPPUNIT_ASSERT(!environment.contains("PATH"));
    }

    void failsWithoutItsFile() {
        const fairlead::test::TempDir dir;
        const auto missing = Configuration::load(dir.path() / "none.yaml", {});
        CPPUNIT_ASSERT(!missing && missing.error().kind() == fairlead::base::Errc::Io);
        const auto path = dir.path() / "big.yaml";
        std::ofstream(path) << std::string(2U << 20, '#');
        CPPUNIT_ASSERT(Configuration::load(path, {}).error().kind() == fairlead::base::Errc::Limit);
        CPPUNIT_ASSERT(Configuration::load({}, {}));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(ConfigurationTest);
