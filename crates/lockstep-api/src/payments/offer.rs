//! What to offer when a payment has no second way.

use lockstep_core::channel::ChannelBook;
use lockstep_core::payment::route::Offer;
use serde::Serialize;
use utoipa::ToSchema;

use super::words::name_of;
use crate::wire::Words;

/// Something the borrower could do so that the payment gets another way.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Offer)]
pub(crate) struct OfferView {
    /// `sign_mandate`: sign on another channel.
    #[schema(pattern = "^[a-z_]+$")]
    action: &'static str,
    /// The binding to sign for.
    #[schema(pattern = "^bnd_[0-9A-HJKMNP-TV-Z]{26}$")]
    binding_id: String,
    /// The channel that could take this instrument, and holds no mandate.
    channel: String,
    /// Where to POST `{"channel": …}` to begin signing.
    #[schema(example = "/v1/bindings/bnd_0A01KJP3Q8ZB00000000000000/mandates")]
    href: String,
    /// The offer in words.
    text: Words,
}

impl OfferView {
    pub(crate) fn of(offer: &Offer, channels: Option<&ChannelBook>) -> Self {
        let name = match channels {
            Some(channels) => name_of(&offer.channel, channels),
            None => Words { zh: offer.channel.to_string(), en: offer.channel.to_string() },
        };
        Self {
            action: "sign_mandate",
            binding_id: offer.binding.to_string(),
            channel: offer.channel.to_string(),
            href: format!("/v1/bindings/{}/mandates", offer.binding),
            text: Words {
                zh: format!("没有第二条可用的签约渠道；在{}签约后即可改走该渠道扣款。", name.zh),
                en: format!("There is no second mandate; sign on {} to collect through it.", name.en),
            },
        }
    }
}
