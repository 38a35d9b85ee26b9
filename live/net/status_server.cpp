#include "live/net/status_server.hpp"

#include <chrono>
#include <httplib.h>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace volary::live {

struct StatusServer::Parts {
  httplib::Server server;
  Pages pages;
  int port = 0;
  std::thread thread;
};

StatusServer::StatusServer(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

StatusServer::~StatusServer() {
  parts_->server.stop();
  parts_->thread.join();
}

int StatusServer::port() const { return parts_->port; }

Result<std::unique_ptr<StatusServer>> StatusServer::start(const std::string& address, int port,
                                                          Pages pages) {
  auto parts = std::make_unique<Parts>();
  parts->pages = std::move(pages);
  httplib::Server& server = parts->server;
  const Pages& shown = parts->pages;
  server.new_task_queue = [] { return new httplib::ThreadPool{4}; };  // httplib deletes it
  server.set_read_timeout(5);                                         // CTL-12
  server.set_write_timeout(60);
  server.set_keep_alive_timeout(15);
  server.set_payload_max_length(4096);
  server.Get("/metrics", [&shown](const httplib::Request&, httplib::Response& answer) {
    answer.set_content(shown.metrics(), "text/plain; version=0.0.4; charset=utf-8");
  });
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& answer) {
    answer.set_content("OK", "text/plain");
  });
  server.Get("/readyz", [&shown](const httplib::Request&, httplib::Response& answer) {
    const bool ready = shown.ready();
    answer.status = ready ? 200 : 503;
    answer.set_content(ready ? "OK" : "the view of the cluster is not up to date", "text/plain");
  });
  parts->port = port == 0 ? server.bind_to_any_port(address)
                          : (server.bind_to_port(address, port) ? port : -1);
  if (parts->port <= 0)
    return tl::unexpected(Error{.kind = ErrorKind::Unavailable,
                                .message = fmt::format("cannot listen on {}:{}", address, port),
                                .hint = "another process may have it: see --port"});
  parts->thread = std::thread{[&server] { server.listen_after_bind(); }};
  // A server that is stopped before it runs would never end.
  while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  return std::unique_ptr<StatusServer>{new StatusServer{std::move(parts)}};
}

}  // namespace volary::live
