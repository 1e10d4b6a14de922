package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"crier/hub"
	"crier/internal/config"
)

// redisOptions says where cfg's Redis is; nil: there is none.
func redisOptions(cfg config.Config) (*redis.UniversalOptions, error) {
	o := &redis.UniversalOptions{Username: cfg.RedisUsername, Password: cfg.RedisPassword}
	switch {
	case cfg.Redis != "":
		u, err := redis.ParseURL(cfg.Redis)
		if err != nil {
			return nil, fmt.Errorf("the redis setting is not a Redis URL") // its own text may repeat the password
		}
		if u.Network == "unix" {
			return nil, fmt.Errorf("the redis setting must name a host, not a socket file")
		}
		o.Addrs, o.Username, o.Password, o.DB, o.TLSConfig = []string{u.Addr}, u.Username, u.Password, u.DB, u.TLSConfig
	case len(cfg.RedisSentinels) > 0:
		o.Addrs, o.MasterName = cfg.RedisSentinels, cfg.RedisMaster
	case len(cfg.RedisCluster) > 0:
		o.Addrs, o.IsClusterMode = cfg.RedisCluster, true
	default:
		return nil, nil
	}
	return o, nil
}

// openBroker makes the broker over the Redis at o, in this process if there is none. It does
// not wait for Redis to be there: the hub says when it is not.
func openBroker(o *redis.UniversalOptions, log zerolog.Logger) hub.Broker {
	if o == nil {
		return hub.NewLocal()
	}
	redis.SetLogger(redisLog{log}) // the library has one logger per process
	own := *o
	return hub.NewRedis(redis.NewUniversalClient(hub.RedisOptions(&own)))
}

// redisLog takes what the library would write to standard error. The hub reports
// that Redis is away, so here it is for debugging alone.
type redisLog struct{ log zerolog.Logger }

// Printf implements the library's logger.
func (l redisLog) Printf(_ context.Context, format string, v ...any) {
	l.log.Debug().Str("room", "redis").Msg(strings.TrimSpace(fmt.Sprintf(format, v...)))
}
