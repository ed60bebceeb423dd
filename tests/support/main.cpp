// SPDX-License-Identifier: Apache-2.0
// Shared main of every CppUnit executable: runs all registered tests, or those whose name contains
// the first argument, and prints each name with its result.
#include <cppunit/BriefTestProgressListener.h>
#include <cppunit/CompilerOutputter.h>
#include <cppunit/Test.h>
#include <cppunit/TestPath.h>
#include <cppunit/TestResult.h>
#include <cppunit/TestResultCollector.h>
#include <cppunit/TestRunner.h>
#include <cppunit/extensions/TestFactoryRegistry.h>

#include <csignal>
#include <iostream>
#include <string>

namespace {

// Adds the leaves of `test` whose name contains `pattern`; the suites stay owned by the root.
int addMatching(CppUnit::Test& test, const std::string& pattern, CppUnit::TestResult& result) {
    if (test.getChildTestCount() == 0) {
        if (test.getName().find(pattern) == std::string::npos) {
            return 0;
        }
        test.run(&result);
        return 1;
    }
    int count = 0;
    for (int i = 0; i < test.getChildTestCount(); ++i) {
        count += addMatching(*test.getChildTestAt(i), pattern, result);
    }
    return count;
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CppUnit::TestResult result;
    CppUnit::TestResultCollector collector;
    CppUnit::BriefTestProgressListener progress;
    result.addListener(&collector);
    result.addListener(&progress);
    CppUnit::Test* all = CppUnit::TestFactoryRegistry::getRegistry().makeTest();
    const int count = addMatching(*all, argc > 1 ? argv[1] : "", result);
    CppUnit::CompilerOutputter(&collector, std::cerr).write();
    delete all;
    if (count == 0) {
        std::cerr << "no test ran\n";
        return 1;
    }
    return collector.wasSuccessful() ? 0 : 1;
}
