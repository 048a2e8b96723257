//! News that lists have changed, for clients that ask for it.
//!
//! Clients of MCP 2026-07-28 ask by a request that stays open (`subscriptions/listen`). Older clients hear of it on standard
//! output once they have begun; over HTTP there are no sessions in which they could.

use rmcp::RoleServer;
use rmcp::model::ServerCapabilities;
use rmcp::service::{Peer, ServiceError, SubscriptionContext, SubscriptionSendError};
use tokio::sync::watch;

/// Announces that the lists of tools, prompts and resources have changed, to the clients of all servers that were given a clone.
#[derive(Clone, Debug, Default)]
pub struct Changes(watch::Sender<News>);

#[derive(Debug, Default)]
struct News {
    /// Whether no more will come.
    has_ended: bool,
}

/// An extension of responses that last until their caller leaves, and wait for news most of the time.
#[derive(Clone, Copy, Debug)]
pub struct Listening;

impl Changes {
    /// Tells clients that lists have changed, so that they ask for them again.
    pub fn announce(&self) {
        self.0.send_modify(|_| {});
    }

    /// Ends what clients have asked for, without an error.
    pub fn end(&self) {
        self.0.send_modify(|news| news.has_ended = true);
    }

    /// Declares that clients hear of changes of these capabilities.
    pub(super) fn declare(is_true: bool, capabilities: &mut ServerCapabilities) {
        let is_true = is_true.then_some(true);
        capabilities.tools.iter_mut().for_each(|tools| tools.list_changed = is_true);
        capabilities.prompts.iter_mut().for_each(|prompts| prompts.list_changed = is_true);
        capabilities.resources.iter_mut().for_each(|resources| resources.list_changed = is_true);
    }

    /// Tells a client of MCP 2026-07-28 until it leaves or no more news will come.
    pub(super) async fn serve(&self, subscription: &SubscriptionContext) {
        let (accepted, sink) = (subscription.accepted(), subscription.sink());
        let mut news = self.0.subscribe();
        let served = async {
            // Where they have ended, no news says so any more.
            while !news.borrow().has_ended && has_come(&mut news).await {
                if accepted.tools_list_changed == Some(true) {
                    sink.notify_tool_list_changed().await?;
                }
                if accepted.prompts_list_changed == Some(true) {
                    sink.notify_prompt_list_changed().await?;
                }
                if accepted.resources_list_changed == Some(true) {
                    sink.notify_resource_list_changed().await?;
                }
            }
            Ok::<_, SubscriptionSendError>(())
        };
        tokio::select! {
            // An error says that the client has left.
            _ = served => {}
            () = subscription.cancelled() => {}
        }
    }

    /// Tells an older client on standard output until it leaves.
    pub(super) async fn serve_session(
        self,
        peer: Peer<RoleServer>,
        capabilities: ServerCapabilities,
    ) -> Result<(), ServiceError> {
        let mut news = self.0.subscribe();
        while !news.borrow().has_ended && has_come(&mut news).await {
            if capabilities.tools.is_some() {
                peer.notify_tool_list_changed().await?;
            }
            if capabilities.prompts.is_some() {
                peer.notify_prompt_list_changed().await?;
            }
            if capabilities.resources.is_some() {
                peer.notify_resource_list_changed().await?;
            }
        }
        Ok(())
    }
}

/// Waits for news. `false` means that no more will come.
async fn has_come(news: &mut watch::Receiver<News>) -> bool {
    news.changed().await.is_ok() && !news.borrow_and_update().has_ended
}
