/* The link of a page whose own script did not come. A link alone would lose the address's fragment, the key. */
const link = document.getElementById('reload');
link.hidden = false;
link.addEventListener('click', (event) => {
	event.preventDefault();
	location.reload();
});
