// SPDX-License-Identifier: Apache-2.0
#include "fairlead/runtime/metrics.hpp"

#include <cppunit/extensions/HelperMacros.h>

#include <thread>

using namespace fairlead::runtime;

class MetricsTest : public CppUnit::TestFixture {
    CPPUNIT_TEST_SUITE(MetricsTest);
    CPPUNIT_TEST(countsFromManyThreads);
    CPPUNIT_TEST(givesTheSameSeriesAgain);
    CPPUNIT_TEST(exposesText);
    CPPUNIT_TEST(cumulatesHistograms);
    CPPUNIT_TEST(removesSeries);
    CPPUNIT_TEST(limitsSeries);
    CPPUNIT_TEST_SUITE_END();

    static bool has(const std::string& text, const std::string& line) {
        return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
    }

public:
    void countsFromManyThreads() {
        Counter counter;
        std::vector<std::thread> threads;
        for (int t = 0; t < 12; ++t) {
            threads.emplace_back([&] {
                for (int i = 0; i < 10'000; ++i) {
                    counter.add();
                }
            });
        }
        for (auto& thread : threads) {
            thread.join();
        }
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{120'000}, counter.value());
    }

    void givesTheSameSeriesAgain() {
        Metrics metrics;
        const auto a = metrics.counter("x_total", "X", {{"k", "1"}});
        CPPUNIT_ASSERT(a == metrics.counter("x_total", "X", {{"k", "1"}}));
        CPPUNIT_ASSERT(a != metrics.counter("x_total", "X", {{"k", "2"}}));
    }

    void exposesText() {
        Metrics metrics;
        metrics.counter("x_total", "Things\nthat happened", {{"peer", "a\"b\\\n"}})->add(3);
        metrics.gauge("g", "G")->set(-5);
        metrics.gaugeFunction("f", "F", [] { return 1.5; });
        metrics.gaugeFunction("f", "F", [] { return 2.5; });
        const std::string text = metrics.expose();
        CPPUNIT_ASSERT(has(text, "# HELP x_total Things\\nthat happened"));
        CPPUNIT_ASSERT(has(text, "# TYPE x_total counter"));
        CPPUNIT_ASSERT(has(text, R"(x_total{peer="a\"b\\\n"} 3)"));
        CPPUNIT_ASSERT(has(text, "g -5"));
        CPPUNIT_ASSERT(has(text, "f 2.5"));
    }

    void cumulatesHistograms() {
        Metrics metrics;
        const auto h = metrics.histogram("h_seconds", "H", {0.1, 1}, {{"a", "b"}});
        for (const double value : {0.05, 0.1, 0.5, 7.0}) {
            h->observe(value);
        }
        const std::string text = metrics.expose();
        CPPUNIT_ASSERT(has(text, R"(h_seconds_bucket{a="b",le="0.1"} 2)"));
        CPPUNIT_ASSERT(has(text, R"(h_seconds_bucket{a="b",le="1"} 3)"));
        CPPUNIT_ASSERT(has(text, R"(h_seconds_bucket{a="b",le="+Inf"} 4)"));
        CPPUNIT_ASSERT(has(text, R"(h_seconds_sum{a="b"} 7.65)"));
        CPPUNIT_ASSERT(has(text, R"(h_seconds_count{a="b"} 4)"));
        CPPUNIT_ASSERT_EQUAL(0.1, h->quantile(0.5));
        CPPUNIT_ASSERT_EQUAL(1.0, h->quantile(0.75));
        CPPUNIT_ASSERT_EQUAL(0.0, Histogram({1}).quantile(0.5));
    }

    void removesSeries() {
        Metrics metrics;
        const auto kept = metrics.counter("x_total", "X", {{"k", "1"}});
        metrics.remove("x_total", {{"k", "1"}});
        metrics.remove("unknown");
        kept->add();
        CPPUNIT_ASSERT_EQUAL(std::string::npos, metrics.expose().find("x_total"));
        CPPUNIT_ASSERT_EQUAL(std::uint64_t{0},
                             metrics.counter("x_total", "X", {{"k", "1"}})->value());
    }

    void limitsSeries() {
        Metrics metrics;
        for (std::size_t i = 0; i < kMetricSeriesMax + 5; ++i) {
            metrics.gauge("g", "G", {{"i", std::to_string(i)}})->set(1);
        }
        const std::string text = metrics.expose();
        CPPUNIT_ASSERT(has(text, "fairlead_metrics_series_refused_total 5"));
        CPPUNIT_ASSERT_EQUAL(std::string::npos,
                             text.find("i=\"" + std::to_string(kMetricSeriesMax) + "\""));
    }
};

CPPUNIT_TEST_SUITE_REGISTRATION(MetricsTest);
