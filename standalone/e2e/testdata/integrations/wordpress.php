<?php
// Enough of WordPress and WooCommerce to run the guide's functions: hooks are kept, and a page is made of them as a theme would.
$hooks = array();
function add_action( $name, $callback ) { global $hooks; $hooks[ $name ][] = $callback; }
function add_filter( $name, $callback ) { add_action( $name, $callback ); }
function run( $name, ...$args ) { global $hooks; foreach ( $hooks[ $name ] ?? array() as $callback ) { $last = $callback( ...$args ); } return $last ?? null; }
function wp_enqueue_script( $handle, $src ) { echo run( 'script_loader_tag', "<script src='$src' id='$handle-js' defer></script>\n", $handle ); }
function esc_attr( $text ) { return htmlspecialchars( $text, ENT_QUOTES ); }
function wp_json_encode( $value ) { return json_encode( $value, JSON_HEX_TAG ); }
function sanitize_text_field( $text ) { return trim( strip_tags( $text ) ); }
function wp_unslash( $text ) { return stripslashes( $text ); }
class Product { function get_id() { return 44; } }
class Order { public $meta = array(); function update_meta_data( $key, $value ) { $this->meta[ $key ] = $value; } }
$product = new Product();
require $argv[1];
if ( isset( $argv[2] ) ) {
	$_POST['aisle_session'] = $argv[2];
	$order = new Order();
	run( 'woocommerce_checkout_create_order', $order, array() );
	echo json_encode( $order->meta );
	exit;
}
?>
<script>
// jQuery as far as the shop's script needs it.
const jQuery = (node) => ({ on: (name, selector, handler) => node.addEventListener(name, (e) => handler ? e.target.matches(selector) && handler(e) :
	selector(e, {}, '', { data: () => e.detail })) })
addEventListener('submit', (e) => e.preventDefault())
</script>
<?php
run( 'wp_enqueue_scripts' );
run( 'woocommerce_after_single_product_summary' );
echo '<form class="cart variations_form" method="post"><input type="hidden" name="variation_id" value="45"><button name="add-to-cart" value="44">Buy</button></form><form>';
run( 'woocommerce_after_order_notes' );
echo '</form>';
run( 'wp_footer' );
