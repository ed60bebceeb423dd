// SPDX-License-Identifier: Apache-2.0
#include "fairlead/web/static_files.hpp"

#include "fairlead/test/temp_dir.hpp"

#include <cppunit/TestFixture.h>
#include <cppunit/extensions/HelperMacros.h>

#include <filesystem>
#include <fstream>

using namespace fairlead;
using web::StaticFiles;

class StaticFilesTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(StaticFilesTest);
    CPPUNIT_TEST(refusesPathsOutOfTheRoot);
    CPPUNIT_TEST(refusesLinksOutOfTheRoot);
    CPPUNIT_TEST(servesCompressedNeighbours);
    CPPUNIT_TEST(revalidatesByEtag);
    CPPUNIT_TEST(pagesOfTheApplicationGetTheIndex);
    CPPUNIT_TEST(saysWhenThePagesAreNotBuilt);
    CPPUNIT_TEST_SUITE_END();

    void write(const std::string& name, const std::string& content) {
        const auto path = dir_.path() / "root" / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << content;
    }

    web::Response get(const std::string& path, const std::string& encoding = "",
                      const std::string& etag = "") {
        web::Request request;
        request.method = "GET";
        request.path = path;
        request.headers.add("Accept-Encoding", encoding);
        request.headers.add("If-None-Match", etag);
        return StaticFiles(dir_.path() / "root").serve(request);
    }

    void refusesPathsOutOfTheRoot() {
        for (const char* evil :
             {"../secret.txt", "a/../../x", "%2e%2e/secret.txt", "..%2fsecret.txt", "a//b.js",
              ".npmrc", "a/.git/config", "a\\b", "%00.js", "./x.js"}) {
            CPPUNIT_ASSERT_MESSAGE(evil, !StaticFiles::safePath(evil));
        }
        CPPUNIT_ASSERT(StaticFiles::safePath("assets/a-1.js") == "assets/a-1.js");
        CPPUNIT_ASSERT(StaticFiles::safePath("").has_value());
        write("index.html", "index");
        std::ofstream(dir_.path() / "secret.txt") << "secret";
        CPPUNIT_ASSERT_EQUAL(404, get("/ui/..%2fsecret.txt").status);
    }

    void refusesLinksOutOfTheRoot() {
        write("index.html", "index");
        std::ofstream(dir_.path() / "secret.txt") << "secret";
        std::filesystem::create_symlink(dir_.path() / "secret.txt",
                                        dir_.path() / "root" / "link.txt");
        CPPUNIT_ASSERT_EQUAL(404, get("/ui/link.txt").status);
    }

    void servesCompressedNeighbours() {
        write("assets/a.js", "plain");
        write("assets/a.js.gz", "gz");
        write("assets/a.js.br", "br");
        CPPUNIT_ASSERT_EQUAL(std::string{"plain"}, get("/ui/assets/a.js").body);
        CPPUNIT_ASSERT_EQUAL(std::string{"gz"}, get("/ui/assets/a.js", "gzip, deflate").body);
        const web::Response best = get("/ui/assets/a.js", "gzip, br");
        CPPUNIT_ASSERT_EQUAL(std::string{"br"}, best.body);
        CPPUNIT_ASSERT(best.headers.get("Content-Encoding") == "br");
        CPPUNIT_ASSERT(best.headers.get("Vary") == "Accept-Encoding");
        CPPUNIT_ASSERT(best.headers.get("Cache-Control").find("immutable") != std::string::npos);
        CPPUNIT_ASSERT_EQUAL(std::string{"text/javascript; charset=utf-8"}, best.content_type);
        CPPUNIT_ASSERT_EQUAL(std::string{"gz"}, get("/ui/assets/a.js", "br;q=0, gzip").body);
    }

    void revalidatesByEtag() {
        write("index.html", "index");
        const web::Response first = get("/ui/");
        const std::string etag{first.headers.get("ETag")};
        CPPUNIT_ASSERT(!etag.empty());
        CPPUNIT_ASSERT(first.headers.get("Cache-Control") == "no-cache");
        CPPUNIT_ASSERT_EQUAL(304, get("/ui/", "", etag).status);
        write("index.html", "changed content");
        CPPUNIT_ASSERT_EQUAL(200, get("/ui/", "", etag).status);
    }

    void pagesOfTheApplicationGetTheIndex() {
        write("index.html", "index");
        CPPUNIT_ASSERT_EQUAL(std::string{"index"}, get("/ui/devices/a").body);
        CPPUNIT_ASSERT_EQUAL(404, get("/ui/missing.js").status);
        // Ids of plugins have dots.
        CPPUNIT_ASSERT_EQUAL(200, get("/ui/ops/plugins/fairlead.network-http-server").status);
    }

    void saysWhenThePagesAreNotBuilt() {
        const web::Response response = get("/ui/");
        CPPUNIT_ASSERT_EQUAL(503, response.status);
        CPPUNIT_ASSERT(response.body.find("not built") != std::string::npos);
    }

    test::TempDir dir_;
};

CPPUNIT_TEST_SUITE_REGISTRATION(StaticFilesTest);
