-- Load for wrk: every request is another member's claim; when all members have asked for one reward,
-- they ask for the next. Arguments: how many threads, a file with one access token a line, the method, the paths
-- to send it to, one for each reward. The last line of the output is for the bench to read.

local threads = 0

function setup(thread)
   thread:set("asked", threads)
   threads = threads + 1
end

function init(args)
   step, paths, members = tonumber(args[1]), {}, {}
   local body = args[3] == "POST" and "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" or "\r\n"
   for line in io.lines(args[2]) do
      members[#members + 1] = " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " .. line .. "\r\n" .. body
   end
   for index = 4, #args do
      paths[#paths + 1] = args[3] .. " " .. args[index]
   end
end

function request()
   local member, path = asked % #members, math.floor(asked / #members) % #paths
   asked = asked + step
   return paths[path + 1] .. members[member + 1]
end

function done(summary, latency)
   local latencies = {}
   for permille = 1, 1000 do
      latencies[permille] = string.format("%d", latency:percentile(permille / 10 - 0.05))
   end
   local errors = summary.errors
   io.write(string.format(
      '{"answers":%d,"duration_us":%d,"refused":%d,"broken":%d,"latencies_us":[%s]}\n',
      summary.requests, summary.duration, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout, table.concat(latencies, ",")
   ))
end
