// SPDX-License-Identifier: Apache-2.0
// The only place where Asio's own code is compiled; everybody else sees declarations.
#include <boost/asio/impl/src.hpp>
