package access

import "context"

// Client is where a request comes from and what its answer should look like.
type Client struct {
	Address   string // IP address
	UserAgent string
	RequestID string
	Captcha   string // the solution that the request brings, "" for none
	Language  string // "zh-CN" or "en"
}

type (
	actorKey  struct{}
	clientKey struct{}
)

// WithActor returns a context of a request by this actor.
func WithActor(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// ActorFrom is whoever makes the request; anonymous outside one.
func ActorFrom(ctx context.Context) Actor {
	actor, _ := ctx.Value(actorKey{}).(Actor)
	return actor
}

// WithClient returns a context of a request from this client.
func WithClient(ctx context.Context, client Client) context.Context {
	return context.WithValue(ctx, clientKey{}, client)
}

// ClientFrom is where the request comes from; empty outside one.
func ClientFrom(ctx context.Context) Client {
	client, _ := ctx.Value(clientKey{}).(Client)
	return client
}
