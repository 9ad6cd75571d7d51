select head.place as head,
       array(select id from stock) as rewards, array(select place from stock) as reward_places,
       array(select id from budget) as campaigns, array(select place from budget) as campaign_places
from head
