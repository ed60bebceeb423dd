// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/router.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <algorithm>

using namespace fairlead;
using web::Route;
using web::Router;

namespace {

base::Result<web::Response> nothing(web::Context&) {
    return web::noContent();
}

Route named(Route route) {
    route.success = 204;
    return std::move(route).runs(nothing);
}

std::unique_ptr<Router> sample() {
    auto router = std::make_unique<Router>();
    router->add(named(Route::get("/certificates/{id}", "certificates:read", "One.")));
    router->add(named(Route::post("/certificates/development", "certificates:write", "Makes.")));
    router->add(named(Route::get("/certificates/development", "certificates:read", "Literal.")));
    router->add(named(Route::post("/products/{id}/publish", "products:write", "Publishes.")));
    router->add(named(Route::get("/logs/access/export", "logs:read", "CSV.")));
    router->add(named(Route::get("/logs/access/{id}", "logs:read", "One.")));
    return router;
}

} // namespace

class RouterTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(RouterTest);
    CPPUNIT_TEST(takesParametersDecoded);
    CPPUNIT_TEST(prefersLiterals);
    CPPUNIT_TEST(tellsMethodsOfKnownPaths);
    CPPUNIT_TEST(headIsGet);
    CPPUNIT_TEST(refusesEmptyAndMalformedSegments);
    CPPUNIT_TEST(namesActions);
    CPPUNIT_TEST_SUITE_END();

    void takesParametersDecoded() {
        const auto router = sample();
        const auto match = router->match("POST", "/products/a%20b%2Fc/publish");
        CPPUNIT_ASSERT(match.route != nullptr);
        CPPUNIT_ASSERT_EQUAL(std::string{"a b/c"}, match.params.at("id"));
    }

    void prefersLiterals() {
        const auto router = sample();
        CPPUNIT_ASSERT_EQUAL(std::string{"Literal."},
                             router->match("GET", "/certificates/development").route->summary);
        CPPUNIT_ASSERT_EQUAL(std::string{"One."},
                             router->match("GET", "/certificates/other").route->summary);
        CPPUNIT_ASSERT_EQUAL(std::string{"CSV."},
                             router->match("GET", "/logs/access/export").route->summary);
    }

    void tellsMethodsOfKnownPaths() {
        const auto router = sample();
        const auto match = router->match("DELETE", "/certificates/development");
        CPPUNIT_ASSERT(match.route == nullptr);
        CPPUNIT_ASSERT_EQUAL(std::size_t{2}, match.allowed.size());
        CPPUNIT_ASSERT(router->match("GET", "/nothing").allowed.empty());
    }

    void headIsGet() {
        CPPUNIT_ASSERT(sample()->match("HEAD", "/certificates/x").route != nullptr);
    }

    void refusesEmptyAndMalformedSegments() {
        const auto router = sample();
        CPPUNIT_ASSERT(router->match("GET", "/certificates/").route == nullptr);
        CPPUNIT_ASSERT(router->match("GET", "/certificates/%zz").route == nullptr);
        CPPUNIT_ASSERT(router->match("GET", "/certificates/%00").route == nullptr);
        CPPUNIT_ASSERT(router->match("GET", "").route == nullptr);
    }

    void namesActions() {
        const auto router = sample();
        CPPUNIT_ASSERT_EQUAL(std::string{"products.publish"},
                             router->match("POST", "/products/a/publish").route->action);
        CPPUNIT_ASSERT_EQUAL(std::string{"certificates.view"},
                             router->match("GET", "/certificates/a").route->action);
        CPPUNIT_ASSERT_EQUAL(std::string{"devices.create"},
                             web::actionOf(Route::post("/devices", "devices:write", "x")));
        CPPUNIT_ASSERT_EQUAL(std::string{"devices.edit"},
                             web::actionOf(Route::patch("/devices/{id}", "devices:write", "x")));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(RouterTest);
